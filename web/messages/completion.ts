import { EVERYONE, type NamedPerson, type NamedRoom } from './messageNames';

/** The piece of text before the cursor that asks to be completed. */
export interface Fragment {
  sign: '@' | '#' | ':';
  letters: string;
  from: number;
  to: number;
}

export interface Option {
  id: string;
  /** What is put in the place of the fragment. */
  text: string;
  title: string;
  detail?: string;
  sign?: string;
  person?: NamedPerson;
}

export const MOST = 8;
const FRAGMENT = /(?:^|[\s([{"'])([@#:])([\p{L}\p{N}._+-]{0,40})$/u;
const SHORTEST_EMOJI = 2;

/** What stands before the cursor, if it may be the beginning of a name or of an emoji. */
export function fragmentAt(text: string, cursor: number): Fragment | undefined {
  const found = FRAGMENT.exec(text.slice(Math.max(0, cursor - 42), cursor));
  if (!found) return undefined;
  const [, sign, letters = ''] = found;
  if (sign === ':' && letters.length < SHORTEST_EMOJI) return undefined;
  return { sign: sign as Fragment['sign'], letters, from: cursor - letters.length - 1, to: cursor };
}

/** The people whose username, or a part of whose name, begins with the letters. */
export function peopleOptions(people: readonly NamedPerson[], letters: string): Option[] {
  const wanted = letters.toLowerCase();
  const begins = (name: string) => name.toLowerCase().startsWith(wanted);
  return people
    .filter(({ username, displayName }) => begins(username) || displayName.split(/\s+/).some(begins))
    .sort((a, b) => a.displayName.localeCompare(b.displayName))
    .slice(0, MOST)
    .map((person) => ({
      id: person.id,
      text: `@${person.username} `,
      title: person.displayName,
      detail: `@${person.username}`,
      person,
    }));
}

/** Everyone in the room, if the letters may mean that. */
export function everyoneOption(letters: string): Option[] {
  const wanted = letters.toLowerCase();
  if (![EVERYONE, 'everyone', 'all'].some((name) => name.startsWith(wanted))) return [];
  return [{ id: EVERYONE, text: `@${EVERYONE} `, title: 'Everyone in this room', detail: `@${EVERYONE}`, sign: '@' }];
}

/** The rooms whose name has the letters, those that begin with them first. */
export function roomOptions(rooms: readonly NamedRoom[], letters: string): Option[] {
  const wanted = letters.toLowerCase();
  const place = ({ name }: NamedRoom) => name.toLowerCase().indexOf(wanted);
  return rooms
    .filter((room) => place(room) >= 0)
    .sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name))
    .slice(0, MOST)
    .map(({ id, name }) => ({ id, text: `#${name} `, title: name, sign: '#' }));
}
