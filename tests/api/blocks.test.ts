import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  listMembers,
  listMessages,
  listOwn,
  type Operation,
  openDirect,
  people,
  read,
  send,
  startTyping,
  VIEWER_EVENTS,
  VIEWER_LOG,
} from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const block = ({ id }: { id: string }): Operation => ['mutation ($id: ID!) { blockUser(userId: $id) { id } }', { id }];
const unblock = ({ id }: { id: string }): Operation => [
  'mutation ($id: ID!) { unblockUser(userId: $id) { id } }',
  { id },
];
const BLOCKED = '{ blocked { displayName } }';
const directOf = async (person: Person, other: Person): Promise<string> =>
  (await person.graphql(...openDirect(other.id))).openDirectRoom.id;
const roomsOf = async (person: Person): Promise<string[]> =>
  (await person.graphql(...listOwn())).viewer.rooms.map(({ id }: { id: string }) => id);

test('after a block nothing arrives, and the other is not told', async () => {
  const { ann, mallory } = await people(world, 'ann', 'mallory');
  const there = world.clustered ? ann.at(await world.anotherNode()) : ann;
  const room = await directOf(ann, mallory);
  await ann.say(room, 'hello');
  const before = await seenBy(mallory, ann, room);
  const [log, all, events] = [
    there.follow(room, { after: 0 }),
    there.subscribe(VIEWER_LOG),
    there.subscribe(VIEWER_EVENTS),
  ];
  const typing = there.subscribe('subscription ($id: ID!) { typing(roomId: $id) { roomId } }', { id: room });
  const heard = mallory.follow(room, { after: 2 });
  await log.upTo(({ seq }) => seq === 2);
  await startedToFollow(mallory, all, room);

  await ann.graphql(...block(mallory));
  expect(await events.next()).toMatchObject({ __typename: 'RoomLeft', roomId: room });
  expect([await log.ending(), await typing.ending()]).toEqual(['complete', 'complete']);
  const arrived = all.all.length;
  const { seq } = await mallory.say(room, 'are you there?');
  expect((await heard.upTo((event) => event.seq === seq)).at(-1).message.body).toBe('are you there?');

  // Whatever else reaches Ann comes after it, and it does not come.
  const other = await ann.createRoom();
  await ann.say(other, 'quiet now');
  await all.upTo(({ roomId, message }) => roomId === other && message);
  expect(all.all.slice(arrived).filter(({ roomId }) => roomId === room)).toEqual([]);
  expect(await roomsOf(ann)).not.toContain(room);
  for (const operation of [read(room), listMessages(room), send(room, 'leave me'), startTyping(room)])
    expect(await ann.refused(...operation)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await seenBy(mallory, ann, room)).toEqual(before);
  for (const person of [there, mallory]) person.disconnect();
});

test('a block on somebody to whom Ben never spoke makes the room of Mallory hers alone, and she finds it as any other', async () => {
  const { ben, cleo, mallory } = await people(world, 'ben', 'cleo', 'mallory');
  await ben.graphql(...block(mallory));
  const rooms = await roomsOf(ben);
  const [shunned, other] = [await directOf(mallory, ben), await directOf(mallory, cleo)];
  await mallory.say(shunned, 'hi');
  await mallory.say(other, 'hi');
  expect(await roomsOf(ben)).toEqual(rooms);
  expect(await ben.refused(...read(shunned))).toMatchObject({ code: 'NOT_FOUND' });
  const [alone, together] = [await seenBy(mallory, ben, shunned), await seenBy(mallory, cleo, other)];
  const alike = (seen: object, person: Person, room: string) =>
    JSON.stringify(seen)
      .replaceAll(person.id, 'them')
      .replaceAll(person.username, 'them')
      .replaceAll(person.name, 'them')
      .replaceAll(room, 'room');
  expect(alike(alone, ben, shunned)).toBe(alike(together, cleo, other));
  expect(await directOf(mallory, ben)).toBe(shunned);
});

test('unblocked, the room is there again with everything that was written, none of it news', async () => {
  const { dan, mallory } = await people(world, 'dan', 'mallory');
  const room = await directOf(dan, mallory);
  await dan.graphql(...block(mallory));
  await mallory.say(room, 'sorry');
  expect(await dan.refused(...openDirect(mallory.id))).toMatchObject({ code: 'FORBIDDEN' });
  const events = dan.subscribe(VIEWER_EVENTS, { after: (await dan.graphql(...listOwn())).viewer.roomsVersion });
  await dan.graphql(...unblock(mallory));
  expect((await events.next()).__typename).toMatch(/RoomJoined|RoomsChanged/);
  expect(await roomsOf(dan)).toEqual([room]);
  const page = await dan.graphql(...listMessages(room));
  expect(page.room.messages.nodes.map(({ body }: { body: string }) => body)).toEqual(['sorry']);
  await dan.say(room, 'fine');
  const where = { roomId_userId: { roomId: room, userId: dan.id } };
  expect(await world.node.core.db.membership.findUnique({ where })).toMatchObject({ leftSeq: null, readSeq: 3 });
  dan.disconnect();
});

test('a room that Mallory made alone reaches Eve when she takes the block back, and not before', async () => {
  const { eve, mallory } = await people(world, 'eve', 'mallory');
  await eve.graphql(...block(mallory));
  const room = await directOf(mallory, eve);
  expect(await roomsOf(eve)).toEqual([]);
  await eve.graphql(...unblock(mallory));
  expect(await roomsOf(eve)).toEqual([room]);
});

test('a room that is opened in the moment of the block is put away as well', async () => {
  const { flo } = await people(world, 'flo');
  for (let round = 0; round < 10; round++) {
    const mallory = await world.person('mallory');
    const [room] = await Promise.all([directOf(mallory, flo), flo.graphql(...block(mallory))]);
    await mallory.say(room, 'quick');
    expect(await roomsOf(flo)).toEqual([]);
  }
});

test('Gil sees whom he blocks, and nobody else does', async () => {
  const { gil, hana, mallory } = await people(world, 'gil', 'hana', 'mallory');
  for (const person of [mallory, hana, mallory]) await gil.graphql(...block(person));
  expect(
    (await gil.graphql(BLOCKED)).blocked.map(({ displayName }: Person & { displayName: string }) => displayName),
  ).toEqual(['hana', 'mallory']);
  expect(await hana.graphql(BLOCKED)).toEqual({ blocked: [] });
  await gil.graphql(...unblock(hana));
  await gil.graphql(...unblock(hana));
  expect((await gil.graphql(BLOCKED)).blocked).toHaveLength(1);
});

test('nobody blocks themselves or nobody', async () => {
  const ivo = await world.person('ivo');
  expect(await ivo.refused(...block(ivo))).toMatchObject({ code: 'INVALID_INPUT' });
  for (const id of [randomUUID(), 'no uuid', ''])
    expect(await ivo.refused(...block({ id }))).toMatchObject({ code: 'NOT_FOUND' });
});

test('both may block each other, and it takes both to undo it', async () => {
  const { jo, kim } = await people(world, 'jo', 'kim');
  const room = await directOf(jo, kim);
  await jo.graphql(...block(kim));
  await kim.graphql(...block(jo));
  expect([await roomsOf(jo), await roomsOf(kim)]).toEqual([[], []]);
  await jo.graphql(...unblock(kim));
  expect([await roomsOf(jo), await roomsOf(kim)]).toEqual([[room], []]);
  await kim.graphql(...unblock(jo));
  expect(await roomsOf(kim)).toEqual([room]);
});

/** Everything that one person can see of the other and of their room. */
async function seenBy(person: Person, other: Person, room: string): Promise<object> {
  const user = await person.graphql('query ($id: ID!) { user(id: $id) { id username displayName } }', { id: other.id });
  const found = await person.graphql(
    'query ($id: ID!) { room(id: $id) { kind memberCount directWith { id username } createdBy { id } } }',
    { id: room },
  );
  const { members } = (await person.graphql(...listMembers(room))).room;
  const direct = (await person.graphql(...openDirect(other.id))).openDirectRoom.id;
  const people = members.nodes.map((member: { user: { id: string } }) =>
    member.user.id === other.id ? member : 'oneself',
  );
  return { user, found: { ...found.room, createdBy: null }, people: people.sort(), direct };
}

async function startedToFollow(writer: Person, all: { all: any[] }, room: string) {
  while (!all.all.some(({ roomId }) => roomId === room)) await writer.ask(...startTypingOrSay(room));
}

const startTypingOrSay = (room: string): Operation => send(room, 'anybody?');
