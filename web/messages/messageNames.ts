import { type InjectionKey, inject, type Ref, ref } from 'vue';

export interface NamedPerson {
  id: string;
  username: string;
  displayName: string;
  colour?: number | null;
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
  /** Whether the viewer may call everyone. */
  mayCallEveryone: Readonly<Ref<boolean>>;
}

export const namesKey: InjectionKey<Names> = Symbol('names');

const NOBODY: Names = { me: '', people: ref([]), rooms: ref([]), mayCallEveryone: ref(false) };

/** The names of the conversation that this component stands in. */
export const useNames = () => inject(namesKey, NOBODY);

/** What calls everyone in a room, if an owner or moderator writes it. */
export const EVERYONE = 'room';

/** Whether a name that stands in a text is this one. */
const isCalled = (name: string, said: string) => fold(name) === fold(said);

/** Who of these is meant by a name in a text, and how it stands there: the end of a sentence may be no part of it. */
export function personNamed<Person extends { username: string }>(people: readonly Person[], said: string) {
  for (const name of [said, withoutEnd(said)]) {
    const person = people.find(({ username }) => isCalled(username, name));
    if (person) return { person, name };
  }
  return undefined;
}

function withoutEnd(said: string): string {
  let end = said.length;
  while ('._+-'.includes(said.charAt(end - 1))) end -= 1;
  return said.slice(0, end);
}

export const roomNamed = ({ rooms }: Names, name: string) => rooms.value.find((room) => isCalled(room.name, name));

const fold = (name: string) => name.normalize('NFKC').toLowerCase();
