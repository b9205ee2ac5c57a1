import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deleteRoom, leave, people, read, removeMember, roomOf, startTyping, TYPING } from '../rooms.ts';
import { type Arrivals, openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
});
afterAll(() => world.close());

/** Listens to who types in the room; resolves when the first notice, of the typist, has come. */
async function listen(person: Person, room: string, typist: Person): Promise<Arrivals> {
  const heard = person.subscribe(TYPING, { roomId: room });
  await vi.waitUntil(
    async () => {
      await typist.graphql(...startTyping(room));
      return heard.all.length > 0;
    },
    { timeout: 20_000 },
  );
  expect(await heard.next()).toMatchObject({ roomId: room, user: { id: typist.id, displayName: typist.name } });
  return heard;
}

test('the others hear who types, and so does the one who types', async () => {
  const room = await roomOf(alice, bob);
  const heard = await listen(bob, room, alice);
  await bob.graphql(...startTyping(room));
  expect(await heard.next()).toMatchObject({ user: { id: bob.id }, at: expect.any(String) });
});

test('typing is nowhere in the log, nor in the database', async () => {
  const room = await roomOf(alice, bob);
  await listen(bob, room, alice);
  expect((await alice.graphql(...read(room))).room.lastSeq).toBe(2);
  await alice.say(room, 'what I typed');
  expect(await bob.follow(room, { after: 2 }).next()).toMatchObject({ __typename: 'MessageSent', seq: 3 });
});

test('who types on and on is told of now and then, not each time', async () => {
  const room = await roomOf(alice, bob, carol);
  const heard = await listen(bob, room, alice);
  await Promise.all(Array.from({ length: 20 }, () => bob.graphql(...startTyping(room))));
  await carol.graphql(...startTyping(room));
  const people = (await heard.upTo((notice) => notice.user.id === carol.id)).map((notice) => notice.user.id);
  expect(people).toContain(bob.id);
  expect(people.length).toBeLessThan(20);
});

test('each hears it in the words in which they asked, on every device', async () => {
  const room = await roomOf(alice, bob, carol);
  const named = 'subscription ($roomId: ID!) { typing(roomId: $roomId) { who: user { displayName } } }';
  const spread = `subscription ($roomId: ID!) { ...heard }
    fragment heard on Subscription { typing(roomId: $roomId) { user { id } } }`;
  const [short, apart] = [bob.subscribe(named, { roomId: room }), carol.subscribe(spread, { roomId: room })];
  const [long, again] = [bob.subscribe(TYPING, { roomId: room }), carol.subscribe(TYPING, { roomId: room })];
  await listen(alice, room, alice);
  await vi.waitUntil(
    async () => {
      await alice.graphql(...startTyping(room));
      return [short, apart, long, again].every(({ all }) => all.length > 0);
    },
    { timeout: 20_000 },
  );
  expect(await short.next()).toEqual({ who: { displayName: 'alice' } });
  expect(await apart.next()).toEqual({ user: { id: alice.id } });
  await alice.graphql(...removeMember(room, carol.id));
  expect([await apart.ending(), await again.ending()]).toEqual(['complete', 'complete']);
  for (const heard of [long, again]) expect(await heard.next()).toMatchObject({ roomId: room, user: { id: alice.id } });
});

test('typing in one room is not heard in another', async () => {
  const [here, there] = [await roomOf(alice, bob), await roomOf(alice, bob)];
  const heard = await listen(bob, here, alice);
  await alice.graphql(...startTyping(there));
  await bob.graphql(...startTyping(here));
  expect(await heard.next()).toMatchObject({ roomId: here, user: { id: bob.id } });
});

test('one who is removed, or leaves, hears no more, and the stream ends', async () => {
  const room = await roomOf(alice, bob, carol);
  const [bobs, carols] = [await listen(bob, room, alice), await listen(carol, room, carol)];
  const staying = alice.subscribe(TYPING, { roomId: room });
  await alice.graphql(...removeMember(room, bob.id));
  await carol.graphql(...leave(room));
  expect(await bobs.ending()).toBe('complete');
  expect(await carols.ending()).toBe('complete');
  const before = [bobs.all.length, carols.all.length];
  await vi.waitUntil(
    async () => {
      await alice.graphql(...startTyping(room));
      return staying.all.length > 0;
    },
    { timeout: 20_000 },
  );
  expect([bobs.all.length, carols.all.length]).toEqual(before);
});

test('who hears typing outlives partings of others and a thousand messages, and is let go with the own one', async () => {
  const room = await roomOf(alice, bob, carol);
  const heard = await listen(bob, room, alice);
  for (let sent = 0; sent < 1_000; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => alice.say(room, `message ${sent + n}`)));
  }
  await alice.graphql(...removeMember(room, carol.id));
  await alice.graphql(...startTyping(room));
  expect((await heard.next()).user.id).toBe(alice.id);
  await alice.graphql(...removeMember(room, bob.id));
  expect(await heard.ending()).toBe('complete');
});

test('who hears typing while the database gets another epoch is asked for anew, and hears on as a member', async () => {
  const room = await roomOf(alice, bob, carol);
  const [bobs, carols] = [await listen(bob, room, alice), await listen(carol, room, alice)];
  const { core } = world.node;
  await core.db.membership.deleteMany({ where: { roomId: room, userId: carol.id } });
  await core.db.instance.updateMany({ data: { epoch: randomUUID() } });
  expect(await carols.ending()).toBe('complete');
  await alice.graphql(...startTyping(room));
  expect((await bobs.next()).user.id).toBe(alice.id);
});

test('when the room is deleted, listening ends', async () => {
  const room = await roomOf(alice, bob);
  const heard = await listen(bob, room, alice);
  await alice.graphql(...deleteRoom(room));
  expect(await heard.ending()).toBe('complete');
});

test('when one stops listening, the others hear on', async () => {
  const room = await roomOf(alice, bob, carol);
  const [bobs, carols] = [await listen(bob, room, alice), await listen(carol, room, carol)];
  bobs.stop();
  await bob.graphql(...startTyping(room));
  await carols.upTo((notice) => notice.user.id === bob.id);
  bob.disconnect();
  carols.stop();
  await listen(alice, room, bob);
});
