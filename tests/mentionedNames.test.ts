import { expect, test } from 'vitest';
import { mentionedNames } from '../api/messages/mentionedNames.ts';
import type { Core } from '../web/crypto/device/core.ts';
import { mentionsIn } from '../web/crypto/device/mentions.ts';
import type { Room } from '../web/crypto/device/roomState.ts';
import { personNamed } from '../web/messages/messageNames';
import { type Block, type Inline, parseMessage } from '../web/messages/messageText';

const PEOPLE = ['ana', 'bo.', 'cy-d', 'room'].map((username) => ({ username }));

/** What is written, and who is meant. */
const CASES: [text: string, ...named: string[]][] = [
  ['@ana', 'ana'],
  ['@ana_ underlined', 'ana'],
  ['hello @Ana!', 'ana'],
  ['@ana... and @ana.-+_', 'ana'],
  ['(@ana), *@ana*: **@ana**', 'ana'],
  ['@bo. has a dot, @bo has not', 'bo.'],
  ['@cy-d- @cy-d', 'cy-d'],
  ['@cy-dx, @an, @anana'],
  ['me@ana, x.@ana, _@ana, -@ana, @@ana'],
  ['é@ana e\u0301@ana 𝒳@ana'],
  ['`@ana`\n```\n@ana\n```'],
  ['@room, @ana', 'room', 'ana'],
  ['@room_', 'room'],
  [`${'-'.repeat(200)} @ana${'.'.repeat(200)}`, 'ana'],
];

test.each(CASES)('%j names on the server, on the page and on a device: %s', (text, ...named) => {
  expect(onServer(text)).toEqual(named);
  expect(onPage(text)).toEqual(named);
  expect(onDevice(text)).toEqual(named);
});

function onServer(text: string): string[] {
  const { names, callsRoom } = mentionedNames(text);
  const known = names.filter((name) => PEOPLE.some(({ username }) => username === name));
  return callsRoom ? ['room', ...known] : known;
}

function onPage(text: string): string[] {
  const said = inlinesIn(parseMessage(text)).flatMap(namesIn);
  return [...new Set(said.flatMap((name) => personNamed(PEOPLE, name)?.person.username ?? []))];
}

// As the owner, who may call everybody.
function onDevice(text: string): string[] {
  const people = new Map(PEOPLE.filter(({ username }) => username !== 'room').map((one) => [one.username, one]));
  const roles = { me: 'OWNER', ...Object.fromEntries([...people.keys()].map((name) => [name, 'MEMBER'])) };
  const [core, room] = [{ people, self: { accountId: 'me' } }, { record: { roles } }] as unknown as [Core, Room];
  const { mentions = [], mentionsRoom } = mentionsIn(core, room, text);
  return mentionsRoom ? ['room', ...mentions] : mentions;
}

type Piece = Block | Inline;
const namesIn = (piece: Piece) => (typeof piece === 'object' && piece.kind === 'person' ? [piece.name] : []);
const inlinesIn = (pieces: Piece[]): Piece[] => pieces.flatMap((piece) => [piece, ...inlinesIn(inside(piece))]);

function inside(piece: Piece): Piece[] {
  if (typeof piece === 'string') return [];
  if ('inlines' in piece) return piece.inlines;
  if ('blocks' in piece) return piece.blocks;
  return 'items' in piece ? piece.items.flat() : [];
}
