import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addMember as addMemberOf } from '../../api/rooms/joining.ts';
import {
  addMember,
  create,
  deleteRoom,
  dying,
  expectSound,
  join,
  leave,
  openDirect,
  people,
  removeMember,
  roomOf,
  VIEWER_LOG,
  viewer,
} from '../rooms.ts';
import { type Arrivals, openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob } = await people(world, 'alice', 'bob'));
});
afterAll(() => world.close());

type Position = { roomId: string; seq: number };
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const told = ({ __typename, roomId, seq }: any) => [roomId, __typename, seq];
const of = (room: string) => (event: any) => event.roomId === room;
const seqs = (events: any[], room: string): number[] => events.filter(of(room)).map((event) => event.seq);

/** Follows all rooms; what comes first, of a room that is named with a position, shows that the server listens. */
async function follow(person: Person, ...after: Position[]): Promise<Arrivals> {
  const heard = person.subscribe(VIEWER_LOG, { after });
  await heard.next();
  return heard;
}

test('what happens in any of one’s rooms comes in one stream, of each room in its order', async () => {
  const dan = await world.person('dan');
  const rooms = [await roomOf(alice, dan), await roomOf(bob, dan), await roomOf(dan)] as const;
  const heard = await follow(dan, ...rooms.map((roomId, n) => ({ roomId, seq: n === 0 ? 1 : n === 1 ? 2 : 1 })));
  const talking = [alice.say, bob.say, dan.say].map((say, n) => say.bind([alice, bob, dan][n] as Person));
  await Promise.all(range(1, 40).flatMap((n) => talking.map((say, at) => say(`${rooms[at]}`, `message ${n}`))));
  await vi.waitUntil(() => heard.all.length >= 121, { timeout: 20_000 });
  expect(seqs(heard.all, rooms[0])).toEqual(range(2, 42));
  expect(seqs(heard.all, rooms[1])).toEqual(range(3, 42));
  expect(seqs(heard.all, rooms[2])).toEqual(range(2, 41));
});

test('a room goes on from the position that is named, however far back, and the others from now on', async () => {
  const dan = await world.person('dan');
  const [named, other] = [await roomOf(alice, dan), await roomOf(alice, dan)];
  for (const room of [named, other]) {
    for (let sent = 0; sent < 300; sent += 50)
      await Promise.all(range(1, 50).map((n) => alice.say(room, `message ${n}`)));
  }
  const heard = dan.subscribe(VIEWER_LOG, { after: [{ roomId: named, seq: 0 }] });
  await heard.upTo((event) => of(named)(event) && event.seq === 302);
  await alice.say(other, 'now');
  await heard.upTo(of(other));
  expect(seqs(heard.all, named)).toEqual(range(1, 302));
  expect(seqs(heard.all, other)).toEqual([303]);
});

test('a room that one comes into later is there from the entry with which one came', async () => {
  const dan = await world.person('dan');
  const first = await roomOf(alice, dan);
  const heard = await follow(dan, { roomId: first, seq: 1 });
  const open = await bob.createRoom();
  await bob.say(open, 'before dan');
  await dan.graphql(...join(open));
  expect(told(await heard.next())).toEqual([open, 'MemberJoined', 3]);
  const added = await roomOf(bob, alice);
  await bob.say(added, 'before dan');
  await bob.graphql(...addMember(added, dan.id));
  expect(told(await heard.next())).toEqual([added, 'MemberJoined', 4]);
  const direct = (await bob.graphql(...openDirect(dan.id))).openDirectRoom.id;
  expect(told(await heard.next())).toEqual([direct, 'RoomCreated', 1]);
  const own = (await dan.graphql(...create({ name: 'own', kind: 'PRIVATE' }))).createRoom.id;
  expect(told(await heard.next())).toEqual([own, 'RoomCreated', 1]);
  for (const room of [open, added, direct]) {
    const { seq } = await bob.say(room, 'hello dan');
    expect(told(await heard.next())).toEqual([room, 'MessageSent', seq]);
  }
});

test('a room that one leaves falls silent with that, and speaks again with one’s return', async () => {
  const dan = await world.person('dan');
  const [staying, leaving] = [await roomOf(alice, dan), await alice.createRoom()];
  await dan.join(leaving);
  const heard = await follow(dan, { roomId: staying, seq: 1 }, { roomId: leaving, seq: 1 });
  await heard.next();
  await dan.graphql(...leave(leaving));
  expect(told(await heard.next())).toEqual([leaving, 'MemberLeft', 3]);
  await alice.say(leaving, 'not for dan');
  await alice.say(staying, 'for dan');
  expect(told(await heard.next())).toEqual([staying, 'MessageSent', 3]);
  await dan.join(leaving);
  expect(told(await heard.next())).toEqual([leaving, 'MemberJoined', 5]);
  await alice.say(leaving, 'welcome back');
  expect(told(await heard.next())).toEqual([leaving, 'MessageSent', 6]);
});

test('who is removed from a room gets that last of it, and nothing after, and the others go on', async () => {
  const dan = await world.person('dan');
  const [losing, keeping] = [await roomOf(alice, dan), await roomOf(bob, dan)];
  const heard = await follow(dan, { roomId: losing, seq: 1 });
  const flood = Promise.all(range(1, 100).map((n) => alice.say(losing, `message ${n}`)));
  await alice.graphql(...removeMember(losing, dan.id));
  await flood;
  await bob.say(keeping, 'still here');
  await heard.upTo(of(keeping));
  const last = heard.all.findLast(of(losing));
  expect(last).toMatchObject({ __typename: 'MemberRemoved', user: { id: dan.id } });
  expect(seqs(heard.all, losing)).toEqual(range(2, last.seq));
});

test('of a deleted room one hears that, and of the others everything', async () => {
  const dan = await world.person('dan');
  const [doomed, keeping] = [await roomOf(alice, dan), await roomOf(bob, dan)];
  const heard = await follow(dan, { roomId: doomed, seq: 1 });
  await alice.graphql(...deleteRoom(doomed));
  expect(told(await heard.next())).toEqual([doomed, 'RoomDeleted', 3]);
  await bob.say(keeping, 'still here');
  expect(told(await heard.next())).toEqual([keeping, 'MessageSent', 3]);
  await expectSound(world.node, doomed);
});

test('a position that is not of this log is answered with Reset, room by room', async () => {
  const dan = await world.person('dan');
  const [ahead, right] = [await roomOf(alice, dan), await roomOf(bob, dan)];
  const after = [
    { roomId: ahead, seq: 99 },
    { roomId: right, seq: 1 },
  ];
  const heard = dan.subscribe(VIEWER_LOG, { after });
  const first = [told(await heard.next()), told(await heard.next())];
  expect(new Set(first.map(String))).toEqual(new Set([`${[ahead, 'Reset', 2]}`, `${[right, 'MemberJoined', 2]}`]));
  const elsewhere = dan.subscribe(VIEWER_LOG, { after, epoch: randomUUID() });
  const resets = [await elsewhere.next(), await elsewhere.next()];
  expect(resets.map((event) => event.__typename)).toEqual(['Reset', 'Reset']);
  await alice.say(ahead, 'onwards');
  for (const stream of [heard, elsewhere]) expect(told(await stream.next())).toEqual([ahead, 'MessageSent', 3]);
});

test('rooms that are not one’s own stay silent, whatever position is named', async () => {
  const dan = await world.person('dan');
  const [own, foreign] = [await roomOf(dan), await roomOf(alice, bob)];
  const heard = await follow(
    dan,
    { roomId: own, seq: 0 },
    { roomId: foreign, seq: 0 },
    { roomId: randomUUID(), seq: 0 },
  );
  await alice.say(foreign, 'not for dan');
  await dan.say(own, 'for dan');
  await heard.next();
  expect(new Set(heard.all.map((event) => event.roomId))).toEqual(new Set([own]));
});

test('a room into which one came without a ring is there all the same', async () => {
  const dan = await world.person('dan');
  const heard = await follow(dan, { roomId: await roomOf(dan), seq: 0 });
  const room = await roomOf(alice);
  await addMemberOf(dying(world.node.core), viewer(alice), room, dan.id);
  expect(told(await heard.next())).toEqual([room, 'MemberJoined', 2]);
});

test('when one stops following, the node watches nothing any more, also if that is at once', async () => {
  const other = await openWorld();
  const { dan, eve } = await people(other, 'dan', 'eve');
  for (const _ of range(1, 20)) await roomOf(dan, eve);
  const room = await roomOf(eve, dan);
  const heard = await follow(dan, { roomId: room, seq: 1 });
  expect(other.node.core.roomFeeds.size()).toBe(21);
  for (const _ of range(1, 20)) dan.subscribe(VIEWER_LOG, {}).stop();
  const adding = Promise.all(range(1, 20).map(() => roomOf(eve, dan)));
  await heard.next();
  heard.stop();
  await adding;
  await vi.waitUntil(() => other.node.core.roomFeeds.size() === 0, { timeout: 20_000 });
  await other.close();
});

test('who has not signed in is refused', async () => {
  expect(await world.stranger().subscribe(VIEWER_LOG).ending()).toMatchObject({ code: 'UNAUTHENTICATED' });
});
