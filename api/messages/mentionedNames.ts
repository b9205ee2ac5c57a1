import { usernameKey } from '../users/username.ts';

const CODE = /```[\s\S]*?```|`[^`\n]*`/g;
const NAME = /(?<![\p{L}\p{M}\p{N}._+@-])@([\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*)/gu;
const EVERYONE = 'room';
const MOST = 50;
const LONGEST = 40;

/** Whom a text may mention: the keys of the names after an @, at most 50, and whether @room is among them. */
export function mentionedNames(body: string): { names: string[]; callsRoom: boolean } {
  if (!body.includes('@')) return { names: [], callsRoom: false };
  const said = [...body.replace(CODE, ' ').matchAll(NAME)].map(([, name = '']) => name);
  const keys = new Set(said.flatMap(withoutFullStop).map(usernameKey));
  const callsRoom = keys.delete(EVERYONE);
  return { names: [...keys].slice(0, MOST), callsRoom };
}

// The end of a sentence is no part of the name before it, unless somebody is called so.
function withoutFullStop(name: string): string[] {
  let end = name.length;
  while ('._+-'.includes(name.charAt(end - 1))) end -= 1;
  return [...new Set([name, name.slice(0, end)])].filter(({ length }) => length <= LONGEST);
}
