import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  addMember,
  create,
  deleteRoom,
  edit,
  expectSound,
  join,
  leave,
  listMembers,
  listOwn,
  type Operation,
  openDirect,
  people,
  read,
  removeMember,
  roomOf,
  send,
  setRole,
  unsend,
  update,
} from '../rooms.ts';
import { type Node, openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

/** As many as are asked at once, by half as many people. */
const CROWD = 50;
// The embedded database takes one statement after the other: less can go wrong there.
const ROUNDS = Number(process.env.ROUNDS ?? (process.env.SERVICES === 'cluster' ? 10 : 4));
const rounds = (count: number) => Array.from({ length: Math.ceil(count) }, (_, n) => n + 1);

let world: World;
let nodes: Node[];
let alice: Person;
let bob: Person;
let carol: Person;
/** Twenty-five people, half of them at each node where there are two. */
let crowd: Person[];

beforeAll(async () => {
  world = await openWorld();
  nodes = world.clustered ? [world.node, await world.anotherNode()] : [world.node];
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
  crowd = Object.values(await people(world, ...rounds(CROWD / 2).map((n) => `person${n}`)));
  crowd = crowd.map((person, n) => person.at(nodes[n % nodes.length] as Node));
});
afterAll(() => world.close());

/** All of them at once. Gives what each was told: `ok`, or the code of the refusal. No answer may be a fault of ours. */
async function atOnce(...asking: (readonly [Person, Operation])[]): Promise<string[]> {
  const answers = await Promise.all(asking.map(([person, operation]) => person.ask(...operation)));
  const told = answers.map(({ errors }) => (errors ? String(errors[0].extensions.code) : 'ok'));
  expect(told.filter((code) => code === 'INTERNAL_SERVER_ERROR' || code === 'UNAVAILABLE')).toEqual([]);
  return told;
}
const everyone = (...operations: Operation[]) =>
  operations.flatMap((operation) => crowd.map((person) => [person, operation] as const));
const count = (told: string[], code: string) => told.filter((each) => each === code).length;
const ownRooms = async (person: Person): Promise<string[]> =>
  (await person.graphql(...listOwn())).viewer.rooms.map((room: any) => room.id);
const elsewhere = (person: Person) => person.at(nodes.at(-1) as Node);

describe('fifty at once', () => {
  /** Public rooms of alice, the same in all rounds. */
  let [square, market] = ['', ''];
  beforeAll(async () => {
    [square, market] = [await alice.createRoom(), await alice.createRoom()];
  });

  describe.each(rounds(ROUNDS))('round %i', () => {
    test('all join, each twice: each is in the room once', async () => {
      const told = await atOnce(...everyone(join(square), join(square)));
      expect(count(told, 'ok')).toBe(CROWD);
      expect((await alice.graphql(...read(square))).room.memberCount).toBe(1 + CROWD / 2);
      await expectSound(world.node, square);
    });

    test('all leave, each twice: the first time counts', async () => {
      const told = await atOnce(...everyone(leave(square), leave(square)));
      expect([count(told, 'ok'), count(told, 'NOT_FOUND')]).toEqual([CROWD / 2, CROWD / 2]);
      expect((await alice.graphql(...read(square))).room.memberCount).toBe(1);
      await expectSound(world.node, square);
    });

    test('all join and leave: who is in it in the end can read it, the others cannot', async () => {
      await atOnce(...crowd.flatMap((person) => [join, leave].map((act) => [person, act(market)] as const)));
      await expectSound(world.node, market);
      const inside = new Set((await members(market)).map((member) => member.user.id));
      const answers = await Promise.all(crowd.map((person) => person.ask(...read(market))));
      const readers = crowd.filter((_, n) => !answers[n]?.errors).map((person) => person.id);
      expect(new Set([alice.id, ...readers])).toEqual(inside);
    });

    test('the room is deleted while all send: what was sent is gone with it', async () => {
      const some = crowd.slice(0, 5);
      const room = await roomOf(alice, ...some);
      const sending = rounds(CROWD).map((n) => [some[n % 5] as Person, send(room, `message ${n}`)] as const);
      const told = await atOnce(...sending.slice(0, 25), [alice, deleteRoom(room)], ...sending.slice(25));
      expect(told[25]).toBe('ok');
      expect(count(told, 'ok') + count(told, 'NOT_FOUND')).toBe(CROWD + 1);
      await expectSound(world.node, room);
    });

    test('the room is deleted while all join: nobody is in it', async () => {
      const room = await alice.createRoom();
      const joining = everyone(join(room), join(room));
      const told = await atOnce(...joining.slice(0, 20), [alice, deleteRoom(room)], ...joining.slice(20));
      expect(told[20]).toBe('ok');
      expect(count(told, 'ok') + count(told, 'NOT_FOUND')).toBe(CROWD + 1);
      await expectSound(world.node, room);
      expect(await ownRooms(crowd[0] as Person)).not.toContain(room);
    });

    test('the room is deleted fifty times: once it is, and then it is not found', async () => {
      const room = await roomOf(alice, bob);
      const told = await atOnce(...rounds(CROWD).map(() => [alice, deleteRoom(room)] as const));
      expect([count(told, 'ok'), count(told, 'NOT_FOUND')]).toEqual([1, CROWD - 1]);
      await expectSound(world.node, room);
    });

    test('ten rooms take the same name: one has it', async () => {
      const owners = crowd.slice(0, 10);
      const rooms = await Promise.all(owners.map(async (owner) => ({ owner, room: await owner.createRoom() })));
      const name = `name ${randomUUID()}`;
      const renaming = rooms.flatMap(({ owner, room }) =>
        Array.from({ length: 5 }, () => [owner, update(room, { name })] as const),
      );
      const told = await atOnce(...renaming);
      expect(count(told, 'ok') + count(told, 'CONFLICT')).toBe(CROWD);
      const names = await Promise.all(
        rooms.map(async ({ owner, room }) => (await owner.graphql(...read(room))).room.name),
      );
      expect(names.filter((each) => each === name)).toHaveLength(1);
      for (const { room } of rooms) await expectSound(world.node, room);
    });

    test('one is removed in the midst of sending: nothing of theirs stands behind the removal', async () => {
      const room = await roomOf(alice, bob);
      let said = 0;
      const talking = rounds(CROWD / 5).map(async () => {
        for (;;) {
          const { errors } = await bob.ask(...send(room, 'and another thing'));
          if (errors) return errors[0].extensions.code;
          said++;
        }
      });
      await vi.waitUntil(() => said >= CROWD / 5, { interval: 1, timeout: 20_000 });
      await elsewhere(alice).graphql(...removeMember(room, bob.id));
      expect(new Set(await Promise.all(talking))).toEqual(new Set(['NOT_FOUND']));
      const log = await alice.follow(room, { after: 2 }).upTo((event) => event.__typename === 'MemberRemoved');
      expect(log.filter((event) => event.message)).toHaveLength(said);
      expect((await alice.graphql(...read(room))).room.lastSeq).toBe(log.at(-1).seq);
      await expectSound(world.node, room);
    });
  });
});

describe.each(rounds(ROUNDS / 4))('round %i', () => {
  test('all leave a private room, its owners too: it is gone', async () => {
    const room = await roomOf(alice, ...crowd.slice(0, 12));
    for (const person of crowd.slice(0, 3)) await alice.graphql(...setRole(room, person.id, 'OWNER'));
    const told = await atOnce(...[alice, ...crowd.slice(0, 12)].map((person) => [person, leave(room)] as const));
    expect(count(told, 'ok')).toBe(13);
    await expectSound(world.node, room);
    expect(await alice.refused(...read(room))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('all make a room of one name: one does', async () => {
    const name = `name ${randomUUID()}`;
    const told = await atOnce(...everyone(create({ name }), create({ name })));
    expect([count(told, 'ok'), count(told, 'CONFLICT')]).toEqual([1, CROWD - 1]);
  });

  test('one changes the name while another changes the topic: both changes are there', async () => {
    const room = await roomOf(alice, bob);
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    for (const n of [1, 2, 3, 4, 5]) {
      await atOnce(
        [alice, update(room, { name: `name ${n}` })],
        [elsewhere(bob), update(room, { topic: `topic ${n}` })],
      );
      expect((await alice.graphql(...read(room))).room).toMatchObject({ name: `name ${n}`, topic: `topic ${n}` });
    }
    await expectSound(world.node, room);
  });

  test('one is removed while subscribing: what follows the removal does not reach them, whatever position they name', async () => {
    const room = await roomOf(alice, bob);
    const starts = [undefined, 0, 2, 3, 4, 5, 99];
    const removal = elsewhere(alice).graphql(...removeMember(room, bob.id));
    const followers = starts.map((after) => bob.subscribe(ROOM_LOG, { roomId: room, after }));
    await removal;
    for (const _ of starts) await elsewhere(alice).say(room, 'not for bob');
    for (const heard of followers) {
      const ending = await heard.ending();
      expect(ending === 'complete' || ending.code === 'NOT_FOUND').toBe(true);
      expect(heard.all.filter((event) => event.message)).toEqual([]);
    }
  });

  test('two owners remove each other: one stays', async () => {
    const room = await roomOf(alice, bob, carol);
    await alice.graphql(...setRole(room, bob.id, 'OWNER'));
    const told = await atOnce([alice, removeMember(room, bob.id)], [elsewhere(bob), removeMember(room, alice.id)]);
    expect(told.toSorted()).not.toEqual(['ok', 'ok']);
    expect(await members(room, carol)).toHaveLength(2);
    await expectSound(world.node, room);
  });

  test('owners leave while one of them promotes, demotes and removes: whoever is left has an owner', async () => {
    const room = await roomOf(alice, bob, carol, ...crowd.slice(0, 3));
    for (const owner of [bob, carol]) await alice.graphql(...setRole(room, owner.id, 'OWNER'));
    const [dan, eve, fay] = crowd as [Person, Person, Person];
    await atOnce(
      [alice, leave(room)],
      [bob, removeMember(room, dan.id)],
      [carol, setRole(room, bob.id, 'MEMBER')],
      [eve, leave(room)],
      [bob, leave(room)],
      [carol, setRole(room, fay.id, 'MODERATOR')],
      [carol, leave(room)],
    );
    await expectSound(world.node, room);
  });

  test('whoever looks while owner after owner leaves sees an owner', async () => {
    const staff = crowd.slice(0, 8);
    const room = await roomOf(alice, bob, ...staff);
    const leaving = (async () => {
      for (const person of [alice, bob, ...staff.slice(0, -1)]) await person.graphql(...leave(room));
    })();
    const gone = leaving.then(() => 'gone' as const);
    for (let seen: unknown; seen !== 'gone'; seen = await Promise.race([gone, null])) {
      expect((await members(room, staff.at(-1))).map(({ role }) => role)).toContain('OWNER');
    }
    await expectSound(world.node, room);
  });

  test('twelve open direct rooms with one person, who opens them too, while rooms of theirs are deleted', async () => {
    const some = crowd.slice(0, 12);
    const doomed = await Promise.all([0, 1, 2].map(() => roomOf(alice, bob, ...some)));
    await atOnce(
      ...some.map((person) => [person, openDirect(bob.id)] as const),
      ...doomed.map((room) => [alice, deleteRoom(room)] as const),
      ...some.map((person) => [bob, openDirect(person.id)] as const),
      ...some.map((person) => [person, create({ name: 'private', kind: 'PRIVATE' })] as const),
    );
    for (const room of doomed) await expectSound(world.node, room);
  });

  test('everything at once: the log is whole', async () => {
    const room = await alice.createRoom();
    await atOnce(...everyone(join(room)));
    const [dan, eve, fay, gil] = crowd as [Person, Person, Person, Person];
    await alice.graphql(...setRole(room, dan.id, 'OWNER'));
    await alice.graphql(...setRole(room, eve.id, 'MODERATOR'));
    const { id } = await fay.say(room, 'contested');
    await atOnce(
      ...crowd.slice(4).map((person, n) => [person, send(room, `message ${n}`)] as const),
      [fay, edit(id, 'other')],
      [fay, unsend(id)],
      [dan, removeMember(room, fay.id)],
      [eve, removeMember(room, gil.id)],
      [gil, leave(room)],
      [gil, join(room)],
      [alice, setRole(room, gil.id, 'MODERATOR')],
      [eve, update(room, { topic: 'noise' })],
      [alice, addMember(room, fay.id)],
      [dan, leave(room)],
      [alice, leave(room)],
      [alice, join(room)],
    );
    await expectSound(world.node, room);
  });
});

async function members(room: string, person: Person = alice): Promise<{ role: string; user: { id: string } }[]> {
  return (await person.graphql(...listMembers(room, { first: 100 }))).room.members.nodes;
}
