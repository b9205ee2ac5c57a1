import { mayModerate } from './apply.ts';
import type { Core } from './core.ts';
import type { Room } from './roomState.ts';

const CODE = /```[\s\S]*?```|`[^`\n]*`/g;
const NAME = /(?<![\p{L}\p{M}\p{N}._+@-])@([\p{L}\p{N}][\p{L}\p{M}\p{N}._+-]*)/gu;
const EVERYONE = 'room';
const MOST = 50;

/** Whom a text calls: members whose names stand after an @, and everybody after @room, from who may. As the server does where it can read. */
export function mentionsIn({ people, self }: Core, { record }: Room, body: string) {
  if (!body.includes('@')) return {};
  const said = [...body.replace(CODE, ' ').matchAll(NAME)].map(([, name = '']) => name);
  const names = new Set(said.flatMap(withoutEnd).map(folded));
  const members = [...Object.keys(record.roles), ...(record.partner ? [record.partner] : [])];
  const called = [...new Set(members)].filter((id) => names.has(folded(people.get(id)?.username ?? '')));
  const mentionsRoom = names.has(EVERYONE) && mayModerate(record, self.accountId);
  return { mentions: called.slice(0, MOST), mentionsRoom };
}

// The end of a sentence is no part of the name before it, unless somebody is called so.
function withoutEnd(name: string): string[] {
  let end = name.length;
  while ('._+-'.includes(name.charAt(end - 1))) end -= 1;
  return [name, name.slice(0, end)];
}

const folded = (name: string) => name.normalize('NFKC').toLowerCase();
