import { type InjectionKey, inject, type Ref, ref } from 'vue';

export interface NamedPerson {
  id: string;
  username: string;
  displayName: string;
}
export interface NamedRoom {
  id: string;
  name: string;
}

/** Whom and what a text can name with @ and #. */
export interface Names {
  me: string;
  people: Readonly<Ref<readonly NamedPerson[]>>;
  rooms: Readonly<Ref<readonly NamedRoom[]>>;
}

export const namesKey: InjectionKey<Names> = Symbol('names');

const NOBODY: Names = { me: '', people: ref([]), rooms: ref([]) };

/** The names of the conversation that this component stands in. */
export const useNames = () => inject(namesKey, NOBODY);

const fold = (name: string) => name.toLowerCase();

export const personNamed = ({ people }: Names, name: string) =>
  people.value.find(({ username }) => fold(username) === fold(name));

export const roomNamed = ({ rooms }: Names, name: string) => rooms.value.find((room) => fold(room.name) === fold(name));

/** Whether a text names somebody: what the composer puts there, and people write. */
export function namesPerson(text: string, username: string): boolean {
  const name = `@${fold(username)}`;
  const folded = fold(text);
  for (let at = folded.indexOf(name); at >= 0; at = folded.indexOf(name, at + 1)) {
    const around = [folded[at - 1] ?? ' ', folded[at + name.length] ?? ' '];
    if (around.every((letter) => !/[\p{L}\p{N}_]/u.test(letter))) return true;
  }
  return false;
}
