import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendMessage } from '../../api/messages/messages.ts';
import {
  addMember,
  dying,
  edit,
  expectSound,
  people,
  removeMember,
  roomOf,
  send,
  startTyping,
  TYPING,
  tablesWith,
  unsend,
  update,
  viewer,
} from '../rooms.ts';
import { type Node, openWorld, type Person, type World, whileWaiting } from '../world.ts';

const WITHOUT_REDIS = { REDIS_URL: '' };

/** Each way to run the server: with what environment, on how many nodes. */
const SETUPS = {
  embedded: [['one node on the embedded database', 1, {}]],
  cluster: [
    ['one node on PostgreSQL', 1, WITHOUT_REDIS],
    ['two nodes on PostgreSQL without Redis', 2, WITHOUT_REDIS],
    ['two nodes on PostgreSQL with Redis', 2, {}],
  ],
} satisfies Record<string, [string, number, Record<string, string>][]>;

describe.each(SETUPS[process.env.SERVICES as keyof typeof SETUPS])('%s:', (_, count, environment) => {
  let world: World;
  let nodes: Node[];
  /** Alice is at one node, Bob at the other if there is one. */
  let alice: Person;
  let bob: Person;
  beforeAll(async () => {
    world = await openWorld(environment);
    nodes = [world.node, ...(count > 1 ? [await world.anotherNode()] : [])];
    ({ alice, bob } = await people(world, 'alice', 'bob'));
    bob = bob.at(nodes.at(-1) as Node);
  });
  afterAll(() => world?.close());

  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (__, n) => from + n);
  const seqs = (events: any[]): number[] => events.map(({ seq }) => seq);
  const atSeq = (seq: number) => (event: any) => event.seq === seq;

  test('what is acknowledged is stored, and an id that is sent again gives the same message and no other (P1, P2)', async () => {
    const room = await roomOf(alice, bob);
    const id = randomUUID();
    const { id: other } = await bob.say(room, 'not that one');
    const answers = await Promise.all(range(1, 6).map((n) => alice.at(nodes[n % count] as Node).say(room, 'once', id)));
    for (const { core } of nodes) {
      expect(await core.db.entry.findMany({ where: { roomId: room, body: 'once' } })).toHaveLength(1);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await bob.refused(...send(room, 'once', id))).code).toBe('CONFLICT');
    expect((await alice.refused(...send(await roomOf(alice), 'once', id))).code).toBe('CONFLICT');
    expect((await alice.refused(...send(room, 'mine', other))).code).toBe('CONFLICT');
  });

  test('a room has one log without a hole, and everyone hears it alike, from wherever they go on (P3, P4, P5)', async () => {
    const room = await roomOf(alice, bob);
    const live = [alice, bob].map((person) => person.follow(room, { after: 0 }));
    const crossing = [alice, bob].map(async (person) => {
      for (const n of range(1, 20)) {
        const { id } = await person.say(room, `${person.name} ${n}`);
        if (n % 5 === 0) await person.graphql(...edit(id, 'edited'));
        if (n % 10 === 0) await person.graphql(...unsend(id));
      }
    });
    await Promise.all([...crossing, alice.graphql(...update(room, { topic: 'crossing' }))]);
    const top = 2 + 40 + 8 + 4 + 1;
    const [own = [], others = []] = await Promise.all(live.map((heard) => heard.upTo(atSeq(top))));
    expect(seqs(own)).toEqual(range(1, top));
    expect(others.map(({ seq, __typename }) => [seq, __typename])).toEqual(
      own.map(({ seq, __typename }) => [seq, __typename]),
    );
    for (const after of [0, 1, 17, top - 1]) {
      for (const person of [alice, bob]) {
        const heard = person.follow(room, { after });
        expect(seqs(await heard.upTo(atSeq(top)))).toEqual(range(after + 1, top));
        heard.stop();
      }
    }
    await expectSound(world.node, room);
  });

  test('a position that is not of this log is one Reset, and then it goes on (P4)', async () => {
    const room = await roomOf(alice, bob);
    for (const cursor of [{ after: 99 }, { after: 1, epoch: randomUUID() }]) {
      for (const person of [alice, bob]) {
        const heard = person.follow(room, cursor);
        const { __typename, seq: top } = await heard.next();
        expect(__typename).toBe('Reset');
        const { seq } = await alice.say(room, 'on');
        expect(seqs(await heard.upTo(atSeq(seq)))).toEqual(range(top + 1, seq));
        heard.stop();
      }
    }
  });

  test('what a node commits and rings nobody for is heard all the same (P6)', async () => {
    const room = await roomOf(alice, bob);
    const heard = [alice, bob].map((person) => person.follow(room, { after: 2 }));
    await sendMessage(dying(world.node.core), viewer(alice), room, { id: randomUUID(), body: 'unheard' });
    for (const each of heard) expect((await each.next()).message.body).toBe('unheard');
  });

  test('who is removed in the midst of a flood gets everything up to that, and nothing after it (P7)', async () => {
    const room = await roomOf(alice, bob);
    const heard = bob.follow(room, { after: 2 });
    await alice.say(room, 'first');
    await heard.next();
    const flood = Promise.all(range(1, 60).map((n) => alice.say(room, `message ${n}`)));
    await alice.graphql(...removeMember(room, bob.id));
    await flood;
    expect(await heard.ending()).toBe('complete');
    const last = heard.all.at(-1);
    expect(last).toMatchObject({ __typename: 'MemberRemoved', user: { id: bob.id } });
    expect(seqs(heard.all)).toEqual(range(3, last.seq));
    expect((await bob.refused(...send(room, 'again'))).code).toBe('NOT_FOUND');
    await alice.graphql(...addMember(room, bob.id));
    const again = bob.follow(room, { after: last.seq });
    await alice.say(room, 'welcome');
    expect((await again.upTo((event) => event.message?.body === 'welcome')).at(-1).seq).toBeGreaterThan(last.seq);
  });

  test('typing is told to who is there, and stands in no log and no table (P8)', async () => {
    const room = await roomOf(alice, bob);
    const near = bob.at(alice.node);
    const heard = near.subscribe(TYPING, { roomId: room });
    const log = near.follow(room, { after: 2 });
    const before = await tablesWith(world.node, room);
    await whileWaiting(heard.next(), () => alice.graphql(...startTyping(room)));
    const { seq } = await alice.say(room, 'typed');
    expect(seq).toBe(3);
    expect((await log.next()).seq).toBe(3);
    expect(await tablesWith(world.node, room)).toEqual(before);
    near.disconnect();
  });
});
