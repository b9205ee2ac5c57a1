import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDirect, people, react, reply, roomOf, VIEWER_EVENTS } from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
const asked: string[] = [];
const { query } = pg.Client.prototype;

beforeAll(async () => {
  pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
    asked.push(typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text);
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof query;
  world = await openWorld();
  ({ alice, bob } = await people(world, 'alice', 'bob'));
});
afterAll(async () => {
  await world.close();
  pg.Client.prototype.query = query;
});

/** The statements that one operation over an open socket takes: without those of the clock, of which no two come at once. */
async function statements(person: Person, document: string, variables: object = {}): Promise<string[]> {
  const takes: string[][] = [];
  // A subscription keeps the socket open: whose it is was looked up when it was opened.
  const open = person.subscribe(VIEWER_EVENTS, { after: -1 });
  await open.next();
  for (let n = 0; n < 5; n++) {
    asked.length = 0;
    await person.subscribe(document, variables).next();
    takes.push([...asked]);
  }
  open.stop();
  return takes.reduce((least, one) => (one.length < least.length ? one : least));
}

const MESSAGE = `{ id seq body author { displayName } replyTo { body author { displayName } }
  reactions { emoji count users { displayName } } mentions { displayName } mentionsRoom pinnedAt }`;

test('the list of rooms with their last messages and unread counts takes three statements, however many there are', async () => {
  const carol = await world.person('carol');
  for (let n = 0; n < 12; n++) await alice.say(await roomOf(alice, carol, bob), `@${carol.username}`);
  await alice.say((await alice.graphql(...openDirect(carol.id))).openDirectRoom.id, 'psst');
  const list = `{ viewer { roomsVersion rooms { id kind name lastSeq memberCount unreadCount mentionCount readSeq notify
    membership { role } directWith { displayName } lastMessage ${MESSAGE} } } }`;
  expect((await statements(carol, list)).length).toBeLessThanOrEqual(3);
  const { rooms } = (await carol.graphql(list)).viewer;
  expect(rooms.map(({ unreadCount, mentionCount }: any) => [unreadCount, mentionCount])).toEqual(
    Array(13).fill([1, 1]),
  );
  carol.disconnect();
});

test('a page of messages with replies, reactions and mentions takes three statements, also around one', async () => {
  const room = await roomOf(alice, bob);
  const first = await alice.say(room, `@${bob.username}`);
  for (let n = 0; n < 20; n++) await bob.graphql(...reply(room, first.id, `reply ${n}`));
  for (const emoji of ['👍', '🎉']) for (const person of [alice, bob]) await person.graphql(...react(first.id, emoji));
  const page = `query ($id: ID!, $around: String) { room(id: $id) { messages(around: $around) { nodes ${MESSAGE} } } }`;
  expect((await statements(alice, page, { id: room })).length).toBeLessThanOrEqual(3);
  expect((await statements(alice, page, { id: room, around: first.id })).length).toBeLessThanOrEqual(3);
  const { nodes } = (await alice.graphql(page, { id: room })).room.messages;
  expect(nodes).toHaveLength(21);
  expect(nodes[0].reactions.map(({ count }: any) => count)).toEqual([2, 2]);
  alice.disconnect();
});
