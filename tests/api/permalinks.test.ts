import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMember, findMessage, listMessages, type Page, people, roomOf } from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let mallory: Person;
let room: string;
const said: { id: string; seq: number }[] = [];

beforeAll(async () => {
  world = await openWorld();
  ({ alice, mallory } = await people(world, 'alice', 'mallory'));
  room = await roomOf(alice);
  for (let n = 0; n < 30; n++) {
    said.push(await alice.say(room, `${n}`));
    if (n === 14) await alice.graphql(...addMember(room, (await world.person('dan')).id));
  }
});
afterAll(() => world.close());

const page = async (wanted: Page) => (await alice.graphql(...listMessages(room, wanted))).room.messages;
const numbers = ({ nodes }: { nodes: { body: string }[] }) => nodes.map(({ body }) => Number(body));
const at = (n: number) => said[n] as { id: string; seq: number };
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test('Opens at that message with context on both sides.', async () => {
  const { message } = await alice.graphql(...findMessage(at(20).id));
  expect(message).toMatchObject({ roomId: room, seq: at(20).seq });
  const around = await page({ around: at(20).id, first: 6 });
  expect(numbers(around)).toEqual(range(17, 23));
  expect(around.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: true });
});

test('its cursors go on both ways, without a hole or a repeat', async () => {
  let { nodes, pageInfo } = await page({ around: at(12).id, first: 4 });
  const seen = numbers({ nodes });
  while (pageInfo.hasPreviousPage) {
    const before = await page({ last: 5, before: pageInfo.startCursor });
    seen.unshift(...numbers(before));
    pageInfo = { ...pageInfo, ...before.pageInfo, endCursor: pageInfo.endCursor };
  }
  for (let after = pageInfo.endCursor, more = true; more; ) {
    ({ nodes, pageInfo } = await page({ first: 5, after }));
    seen.push(...numbers({ nodes }));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  expect(seen).toEqual(range(0, 30));
});

test('at both ends of a room there is what there is', async () => {
  expect(numbers(await page({ around: at(0).id, first: 6 }))).toEqual(range(0, 3));
  expect(numbers(await page({ around: at(29).id, first: 6 }))).toEqual(range(26, 30));
  const all = await page({ around: at(15).id, first: 100 });
  expect(numbers(all)).toEqual(range(0, 30));
  expect(all.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: false });
  expect(numbers(await page({ around: at(5).id, first: 1 }))).toEqual([5]);
});

test('a position may be that of any entry, or beyond the end', async () => {
  expect(numbers(await page({ around: String(at(14).seq + 1), first: 4 }))).toEqual(range(13, 17));
  expect(numbers(await page({ around: '0', first: 4 }))).toEqual(range(0, 2));
  expect(numbers(await page({ around: '2000000000', first: 4 }))).toEqual(range(28, 30));
});

test('what is not there is not found, and a page is one kind of page', async () => {
  const elsewhere = await alice.say(await roomOf(alice), 'elsewhere');
  for (const around of [elsewhere.id, randomUUID(), 'hello', ''])
    expect(await alice.refused(...listMessages(room, { around }))).toMatchObject({ code: 'NOT_FOUND' });
  for (const more of [{ last: 3 }, { after: '3' }, { before: '3' }, { first: 0 }, { first: 101 }])
    expect(await alice.refused(...listMessages(room, { around: '3', ...more }))).toMatchObject({
      code: 'INVALID_INPUT',
    });
});

test('a stranger finds neither the message nor the room', async () => {
  const hidden = await mallory.refused(...findMessage(at(3).id));
  expect(hidden).toEqual(await mallory.refused(...findMessage(randomUUID())));
  expect(hidden.code).toBe('NOT_FOUND');
});
