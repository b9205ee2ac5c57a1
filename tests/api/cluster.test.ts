import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { sendMessage } from '../../api/messages/messages.ts';
import { Link } from '../chaos/link.ts';
import {
  addMember,
  create,
  deleteRoom,
  dying,
  edit,
  expectSound,
  openDirect,
  people,
  read,
  removeMember,
  roomOf,
  send,
  startTyping,
  TYPING,
  unsend,
  VIEWER_EVENTS,
  VIEWER_LOG,
  viewer,
} from '../rooms.ts';
import { startRedis, type TestRedis } from '../services/redis.ts';
import { type Arrivals, type Node, openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

describe.runIf(process.env.SERVICES === 'cluster')('two nodes', () => {
  let world: World;
  let near: Node;
  /** The node whose links to PostgreSQL and Redis can be broken. */
  let far: Node;
  let [postgres, redis]: Link[] = [];
  /** Alice and Carol are at the near node, Bob is at the far one. */
  let alice: Person;
  let bob: Person;
  let carol: Person;

  beforeAll(async () => {
    world = await openWorld();
    near = world.node;
    const { databaseUrl = '', redisUrl = '' } = near.core.config;
    [postgres, redis] = [await linkTo(databaseUrl), await linkTo(redisUrl)];
    far = await world.anotherNode({
      DATABASE_URL: through(postgres, databaseUrl),
      REDIS_URL: through(redis, redisUrl),
    });
    ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
    bob = bob.at(far);
  });
  afterEach(() => mend());
  afterAll(async () => {
    await world.close();
    for (const link of [postgres, redis]) link?.close();
  });

  const linkTo = (url: string) => Link.open(() => Number(new URL(url).port));
  const through = (link: Link, url: string) => Object.assign(new URL(url), { host: `127.0.0.1:${link.port}` }).href;
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  const seqs = (events: any[]): number[] => events.map((event) => event.seq);
  const atSeq = (seq: number) => (event: any) => event.seq === seq;
  const saying = (body: string) => (event: any) => event.message?.body === body;

  async function mend() {
    const broken = !far.core.bus.connected();
    for (const link of [postgres, redis]) link?.mend();
    if (broken) await vi.waitUntil(() => far.core.bus.connected(), { timeout: 30_000 });
  }

  /** Follows the room; the first thing that comes shows that the node listens. */
  async function following(person: Person, room: string): Promise<Arrivals> {
    const heard = person.follow(room, { after: 1 });
    await heard.next();
    return heard;
  }

  /** Types until somebody at the other node hears it: typing goes from node to node only live. */
  async function hearsTyping(listener: Person, typist: Person, room: string): Promise<void> {
    const heard = listener.subscribe(TYPING, { roomId: room });
    const type = async () => {
      await typist.graphql(...startTyping(room));
      return heard.all.some((notice) => notice.user.id === typist.id);
    };
    await vi.waitUntil(type, { timeout: 30_000 });
    heard.stop();
  }

  describe('together', () => {
    test('what is said at one is heard at the other, both ways, in one order', async () => {
      const room = await roomOf(alice, bob, carol);
      const followers = [alice, bob].map((person) => person.follow(room, { after: 3 }));
      await Promise.all(
        range(1, 100).flatMap((n) => [alice, bob, carol].map((person) => person.say(room, `${person.name} ${n}`))),
      );
      const [here = [], there = []] = await Promise.all(followers.map((heard) => heard.upTo(atSeq(303))));
      expect(seqs(here)).toEqual(range(4, 303));
      expect(there).toEqual(here);
      await expectSound(near, room);
    });

    test('edits, deletions, arrivals and removals cross', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      const { id } = await alice.say(room, 'first');
      await alice.graphql(...edit(id, 'second'));
      await alice.graphql(...unsend(id));
      await alice.graphql(...addMember(room, carol.id));
      await alice.graphql(...removeMember(room, bob.id));
      expect(await heard.ending()).toBe('complete');
      expect(heard.all.map((event) => event.__typename)).toEqual([
        'MemberJoined',
        'MessageSent',
        'MessageEdited',
        'MessageDeleted',
        'MemberJoined',
        'MemberRemoved',
      ]);
    });

    test('typing crosses, both ways', async () => {
      const room = await roomOf(alice, bob);
      await hearsTyping(bob, alice, room);
      await hearsTyping(alice, bob, room);
    });

    test('who joins a room at one learns of it at the other', async () => {
      const told = bob.subscribe(VIEWER_EVENTS, { after: -1 });
      await told.next();
      const room = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
      expect(await told.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: room } });
      const other = await roomOf(carol, bob);
      expect(await told.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: other } });
      await carol.graphql(...deleteRoom(other));
      expect(await told.next()).toMatchObject({ __typename: 'RoomLeft', roomId: other });
    });

    test('when both make a room of one name at once, one has it', async () => {
      for (const _ of range(1, 10)) {
        const name = randomUUID();
        const answers = await Promise.all([alice, bob].map((person) => person.ask(...create({ name }))));
        const codes = answers.map(({ errors }) => errors?.[0].extensions.code);
        expect(codes.toSorted()).toEqual(['CONFLICT', undefined]);
      }
    });

    test('what a node committed before it died, and rang nobody for, is heard at the other in its place', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(alice, room);
      await sendMessage(dying(far.core), viewer(bob), room, { id: randomUUID(), body: 'last words' });
      expect(await heard.next()).toMatchObject({ seq: 3, message: { body: 'last words' } });
      await sendMessage(dying(far.core), viewer(bob), room, { id: randomUUID(), body: 'not rung' });
      await bob.say(room, 'rung');
      expect(seqs(await heard.upTo(saying('rung')))).toEqual([4, 5]);
    });
  });

  describe.each(['silence', 'cut', 'err'] as const)('while Redis is away (%s)', (how) => {
    test('messages are acknowledged, and arrive at the other node, both ways, in order and once', async () => {
      const room = await roomOf(alice, bob);
      const [here, there] = [await following(alice, room), await following(bob, room)];
      redis?.[how]();
      for (const n of range(1, 20)) await (n % 2 ? alice : bob).say(room, `message ${n}`);
      expect(seqs(await here.upTo(atSeq(22)))).toEqual(range(3, 22));
      expect(seqs(await there.upTo(atSeq(22)))).toEqual(range(3, 22));
    });

    test('one may come and follow, from any position', async () => {
      const room = await roomOf(alice, bob);
      redis?.[how]();
      const heard = bob.follow(room, { after: 0 });
      expect(seqs(await heard.upTo(atSeq(2)))).toEqual([1, 2]);
      await alice.say(room, 'hello over there');
      expect(await heard.next()).toMatchObject({ seq: 3 });
    });

    test('who is removed gets that as the last entry, and hears nothing after it', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      redis?.[how]();
      await alice.graphql(...removeMember(room, bob.id));
      await alice.say(room, 'not for bob');
      expect(await heard.ending()).toBe('complete');
      expect(heard.all.map((event) => event.__typename)).toEqual(['MemberJoined', 'MemberRemoved']);
    });

    test('rooms that are joined and left are told', async () => {
      const told = bob.subscribe(VIEWER_EVENTS, { after: -1 });
      await told.next();
      redis?.[how]();
      const room = await roomOf(alice, bob);
      expect(await told.next()).toMatchObject({ __typename: 'RoomJoined', room: { id: room } });
    });

    test('when it is back, everything is live again', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      redis?.[how]();
      await alice.say(room, 'while it was away');
      await heard.upTo(saying('while it was away'));
      await mend();
      await hearsTyping(bob, alice, room);
      await hearsTyping(alice, bob, room);
      await alice.say(room, 'back again');
      expect(seqs(await heard.upTo(saying('back again')))).toEqual([4]);
    });
  });

  test('a Redis that has fallen silent is noticed, and one that is heard again is used again', async () => {
    redis?.silence();
    await vi.waitUntil(() => !far.core.bus.connected(), { timeout: 30_000 });
    await mend();
    const room = await roomOf(alice, bob);
    await hearsTyping(bob, alice, room);
    await hearsTyping(alice, bob, room);
  });

  test('a Redis that is back and at first refuses to be listened to is asked again', async () => {
    const room = await roomOf(alice, bob);
    const heard = await following(bob, room);
    await hearsTyping(bob, alice, room);
    redis?.refuseOnce('$9\r\nsubscribe');
    redis?.reset();
    await alice.say(room, 'are you there');
    await heard.upTo(saying('are you there'));
    await hearsTyping(bob, alice, room);
    await hearsTyping(alice, bob, room);
  });

  test('a node that starts while Redis is away serves, and is live when it comes', async () => {
    const link = await linkTo(near.core.config.redisUrl ?? '');
    link.cut();
    const late = await world.anotherNode({ REDIS_URL: through(link, near.core.config.redisUrl ?? '') });
    const dan = (await world.person('dan', late)).at(late);
    const room = await roomOf(alice, dan);
    const heard = await following(dan, room);
    await alice.say(room, 'good morning');
    await heard.upTo(saying('good morning'));
    link.mend();
    await hearsTyping(dan, alice, room);
    await late.close();
    link.close();
  });

  test('a Redis that is killed and comes back empty costs nothing but time', async ({ skip }) => {
    const own: TestRedis = await startRedis();
    if (!own.restart) return skip();
    const nodes = [await world.anotherNode({ REDIS_URL: own.url }), await world.anotherNode({ REDIS_URL: own.url })];
    const [dan, eve] = [alice.at(nodes[0] as Node), bob.at(nodes[1] as Node)];
    const room = await roomOf(dan, eve);
    const heard = await following(eve, room);
    const talking = (async () => {
      for (const n of range(1, 60)) await dan.say(room, `message ${n}`);
    })();
    process.kill(own.pid ?? 0, 'SIGKILL');
    await own.restart();
    await talking;
    expect(seqs(await heard.upTo(atSeq(62)))).toEqual(range(3, 62));
    await hearsTyping(eve, dan, room);
    for (const node of nodes) await node.close();
    await own.stop();
  });

  describe('one behind the other', () => {
    test('who comes from the node that is ahead is not sent back by the one that is behind', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      redis?.cut();
      for (const n of range(1, 10)) {
        const { seq } = await alice.say(room, `message ${n}`);
        const arriving = bob.follow(room, { after: seq });
        await alice.say(room, 'next');
        expect(await arriving.next()).toMatchObject({ __typename: 'MessageSent', seq: seq + 1 });
        arriving.stop();
      }
      expect(seqs(await heard.upTo(atSeq(22)))).toEqual(range(3, 22));
    });

    // The far node’s questions take their time, so that the removal falls between any two of them.
    test.each(range(1, 8))(
      'who is removed while a slow node lets them in (%i) hears nothing after it',
      async (asked) => {
        const room = await roomOf(alice, bob);
        postgres?.slow(20);
        const cursors = [{}, { after: 2 }, { after: 3 }, { after: 4 }, { epoch: randomUUID() }];
        const followers = cursors.map((cursor) => bob.follow(room, cursor));
        for (const _ of range(1, asked)) await bob.ask('{ server { epoch } }');
        await alice.graphql(...removeMember(room, bob.id));
        await alice.say(room, 'not for bob');
        await alice.say(room, 'nor this');
        for (const heard of followers) {
          const ending = await heard.ending();
          expect(ending === 'complete' || ending.code === 'NOT_FOUND').toBe(true);
          expect(heard.all.filter((event) => event.message)).toEqual([]);
        }
      },
    );
  });

  describe('while PostgreSQL cannot be reached', () => {
    test('a send is refused as UNAVAILABLE, and the same message goes through later, once', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      const id = randomUUID();
      postgres?.cut();
      expect(await bob.refused(...send(room, 'hello', id))).toMatchObject({ code: 'UNAVAILABLE' });
      postgres?.mend();
      await vi.waitUntil(async () => !(await bob.ask(...read(room))).errors, { timeout: 30_000 });
      await bob.graphql(...send(room, 'hello', id));
      await bob.graphql(...send(room, 'hello', id));
      await alice.say(room, 'hello bob');
      expect(seqs(await heard.upTo(saying('hello bob')))).toEqual([3, 4]);
    });

    test('subscribing is refused as UNAVAILABLE, and the socket stays', async () => {
      const room = await roomOf(alice, bob);
      await following(bob, room);
      postgres?.cut();
      for (const document of [ROOM_LOG, VIEWER_LOG, VIEWER_EVENTS, TYPING]) {
        const refused = bob.subscribe(document, document === ROOM_LOG || document === TYPING ? { roomId: room } : {});
        expect(await refused.ending(), document).toMatchObject({ code: 'UNAVAILABLE' });
      }
    });

    test('who follows stays, and hears what was said meanwhile', async () => {
      const room = await roomOf(alice, bob);
      const heard = await following(bob, room);
      for (const link of [postgres, redis]) link?.cut();
      for (const n of range(1, 300)) await alice.say(room, `message ${n}`);
      await mend();
      expect(seqs(await heard.upTo(atSeq(302)))).toEqual(range(3, 302));
    });
  });
});
