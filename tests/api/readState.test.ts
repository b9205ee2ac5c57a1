import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markRead as markReadOf } from '../../api/rooms/readMarks.ts';
import { watchRoomChanges } from '../../api/rooms/roomChanges.ts';
import { unreadColumns } from '../../api/rooms/unread.ts';
import {
  addMember,
  dying,
  join,
  leave,
  listReading,
  markRead,
  markUnread,
  openDirect,
  people,
  reading,
  roomOf,
  setNotify,
  unsend,
  VIEWER_EVENTS,
  viewer,
} from '../rooms.ts';
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

const state = async (person: Person, room: string) => (await person.graphql(...reading(room))).room;
const unread = async (person: Person, room: string): Promise<number> => (await state(person, room)).unreadCount;
/** What the person is told from now on, on a device of its own. */
async function device(person: Person): Promise<{ person: Person; told: Arrivals }> {
  const another = person.at(person.node);
  const told = another.subscribe(VIEWER_EVENTS, { after: -1 });
  expect((await told.next()).__typename).toBe('RoomsChanged');
  return { person: another, told };
}

describe('what is unread', () => {
  test('messages of others that stand after the position, and nothing else', async () => {
    const room = await roomOf(alice, bob, carol);
    expect(await unread(bob, room)).toBe(0);
    const said = [await alice.say(room, 'one'), await alice.say(room, 'two'), await carol.say(room, 'three')];
    expect(await unread(bob, room)).toBe(3);
    await bob.graphql(...markRead(room, said[0]?.seq ?? 0));
    expect(await unread(bob, room)).toBe(2);
    await carol.graphql(...unsend(said[2]?.id ?? ''));
    expect(await unread(bob, room)).toBe(1);
    await alice.graphql(...unsend(said[0]?.id ?? ''));
    expect(await unread(bob, room)).toBe(1);
    await alice.graphql(...addMember(room, (await world.person('dan')).id));
    expect(await unread(bob, room)).toBe(1);
    expect(await unread(alice, room)).toBe(0);
  });

  test('the counts say of which moment they are', async () => {
    const room = await roomOf(alice, bob);
    const counted = 'query ($id: ID!) { room(id: $id) { lastSeq unreadCount countedSeq } }';
    const writing = (async () => {
      for (let n = 0; n < 30; n++) await alice.say(room, `${n}`);
    })();
    for (let n = 0; n < 30; n++) {
      const { lastSeq, unreadCount, countedSeq } = (await bob.graphql(counted, { id: room })).room;
      expect(countedSeq).toBeGreaterThanOrEqual(lastSeq);
      expect(unreadCount).toBe(countedSeq - 2); // The room was made, and Bob came.
    }
    await writing;
  });

  test('one’s own message marks what was before it as read', async () => {
    const room = await roomOf(alice, bob);
    await alice.say(room, 'question');
    const { seq } = await bob.say(room, 'answer');
    expect(await state(bob, room)).toMatchObject({ readSeq: seq, unreadCount: 0 });
    expect(await unread(alice, room)).toBe(1);
  });

  test('one’s own messages stay read when the position moves back over them', async () => {
    const room = await roomOf(alice, bob);
    const { seq } = await alice.say(room, 'one');
    const mine = await bob.say(room, 'mine');
    await alice.say(room, 'two');
    await bob.say(room, 'mine too');
    const { markUnread: moved } = await bob.graphql(...markUnread(room, seq));
    expect(moved).toMatchObject({ readSeq: seq - 1, unreadCount: 2 });
    await bob.graphql(...unsend(mine.id));
    expect(await unread(bob, room)).toBe(2);
  });

  test('who joins has read what was said before', async () => {
    const room = await alice.createRoom();
    for (const body of ['one', 'two', 'three']) await alice.say(room, body);
    await bob.graphql(...join(room));
    expect(await unread(bob, room)).toBe(0);
    await alice.say(room, 'four');
    expect(await unread(bob, room)).toBe(1);
    await bob.graphql(...leave(room));
    await alice.say(room, 'five');
    await bob.graphql(...join(room));
    expect(await unread(bob, room)).toBe(0);
  });

  test('in a direct room every unread message counts as a mention', async () => {
    const room = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
    await alice.say(room, 'psst');
    await alice.say(room, 'are you there?');
    expect(await state(bob, room)).toMatchObject({ unreadCount: 2, mentionCount: 2 });
    const group = await roomOf(alice, bob);
    await alice.say(group, 'hello all');
    expect(await state(bob, group)).toMatchObject({ unreadCount: 1, mentionCount: 0 });
  });

  test('the list of rooms says the same as each room', async () => {
    const dan = await world.person('dan');
    const rooms = await Promise.all([roomOf(alice, dan), roomOf(bob, dan), roomOf(carol, dan)]);
    for (const [index, owner] of [alice, bob, carol].entries())
      for (let n = 0; n <= index; n++) await owner.say(rooms[index] ?? '', 'hello');
    const listed = (await dan.graphql(...listReading())).viewer.rooms;
    expect(Object.fromEntries(listed.map((room: any) => [room.id, room.unreadCount]))).toEqual(
      Object.fromEntries(rooms.map((id, index) => [id, index + 1])),
    );
    for (const room of listed) expect(await state(dan, room.id)).toEqual(room);
  });

  test('whatever happens, the numbers are those of counting by hand', async () => {
    const room = await roomOf(alice, bob, carol);
    const said: { id: string; seq: number; by: Person }[] = [];
    for (let round = 0; round < 60; round++) {
      const by = [alice, bob, carol][Math.floor(Math.random() * 3)] as Person;
      const any = said[Math.floor(Math.random() * said.length)];
      const act = Math.floor(Math.random() * 5);
      if (act < 2 || !any) said.push({ by, ...(await by.say(room, `message ${round}`)) });
      else if (act === 2) await any.by.graphql(...unsend(any.id));
      else if (act === 3) await bob.graphql(...markRead(room, any.seq));
      else await bob.graphql(...markUnread(room, any.seq));
      const { readSeq, unreadCount } = await state(bob, room);
      const others = { roomId: room, kind: 'MESSAGE' as const, deletedAt: null, NOT: { actorId: bob.id } };
      const byHand = await world.node.core.db.entry.count({ where: { ...others, seq: { gt: readSeq } } });
      expect(unreadCount).toBe(byHand);
    }
  });

  test('a million messages are not counted one by one', async () => {
    const room = await roomOf(alice, bob);
    const { db } = world.node.core;
    await db.$executeRaw`
      INSERT INTO entry (room_id, seq, id, kind, actor_id, body, ordinal, changed_seq)
      SELECT ${room}::uuid, n + 2, gen_random_uuid(), 'MESSAGE', ${alice.id}::uuid, 'text', n, n + 2
      FROM generate_series(1, 20000) n`;
    await db.room.update({
      where: { id: room },
      data: { lastSeq: 20_002, lastMessageSeq: 20_002, messageCount: 20_000 },
    });
    await db.$executeRaw`ANALYZE entry`;
    expect(await unread(bob, room)).toBe(20_000);
    await bob.graphql(...markRead(room, 15_002));
    expect(await unread(bob, room)).toBe(5_000);
    expect(await entriesLookedAt(room, bob)).toBeLessThan(100);
  });

  /** How many entries the database looks at to count what the person has not read. */
  async function entriesLookedAt(room: string, { id }: Person): Promise<number> {
    const [explained] = await world.node.core.db.$queryRaw<{ 'QUERY PLAN': { Plan: Plan }[] }[]>`
      EXPLAIN (ANALYZE, FORMAT JSON)
      SELECT ${unreadColumns} FROM membership m JOIN room r ON r.id = m.room_id
      WHERE r.id = ${room}::uuid AND m.user_id = ${id}::uuid`;
    const nodes = (explained?.['QUERY PLAN'] ?? []).map(({ Plan }) => Plan);
    for (const node of nodes) nodes.push(...(node.Plans ?? []));
    const scans = nodes.filter((node) => node['Relation Name'] === 'entry');
    expect(scans).not.toEqual([]);
    return scans.reduce((sum, scan) => sum + looked(scan), 0);
  }

  interface Plan {
    'Relation Name'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    Plans?: Plan[];
  }
  const looked = (scan: Plan) => scan['Actual Loops'] * (scan['Actual Rows'] + (scan['Rows Removed by Filter'] ?? 0));
});

describe('the position', () => {
  test('moves on, never back, never beyond the end', async () => {
    const room = await roomOf(alice, bob);
    const last = [];
    for (const body of ['one', 'two', 'three']) last.push((await alice.say(room, body)).seq);
    const [, second = 0, third = 0] = last;
    expect((await bob.graphql(...markRead(room, second))).markRead.readSeq).toBe(second);
    expect((await bob.graphql(...markRead(room, 1))).markRead.readSeq).toBe(second);
    expect((await bob.graphql(...markRead(room, 2_000_000_000))).markRead.readSeq).toBe(third);
    expect((await bob.graphql(...markUnread(room, 2_000_000_000))).markUnread.readSeq).toBe(third);
    expect((await bob.graphql(...markUnread(room, second))).markUnread).toMatchObject({
      readSeq: second - 1,
      unreadCount: 2,
    });
  });

  test.each([-1, -2_147_483_648])('no position is %i', async (seq) => {
    const room = await roomOf(alice, bob);
    expect(await bob.refused(...markRead(room, seq))).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await bob.refused(...markUnread(room, seq))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('marks that come all at once leave the last one', async () => {
    const room = await roomOf(alice, bob);
    const seqs = [];
    for (let n = 0; n < 20; n++) seqs.push((await alice.say(room, `${n}`)).seq);
    await Promise.all([...seqs].reverse().map((seq) => bob.graphql(...markRead(room, seq))));
    expect(await state(bob, room)).toMatchObject({ readSeq: seqs.at(-1), unreadCount: 0 });
  });

  test('who marks too often is asked to wait', async () => {
    const strict = await openWorld({ LIMIT_MARKS_PER_10_SECONDS: '2' });
    const dan = await strict.person('dan');
    const room = await dan.createRoom();
    await dan.graphql(...markRead(room, 1));
    await dan.graphql(...markUnread(room, 1));
    expect(await dan.refused(...markRead(room, 1))).toMatchObject({ code: 'RATE_LIMITED' });
    await strict.close();
  });
});

describe('the other devices', () => {
  test('are told what was read on this one, with the numbers', async () => {
    const dan = await world.person('dan');
    const room = await roomOf(alice, dan);
    const phone = await device(dan);
    await alice.say(room, 'one');
    const { seq } = await alice.say(room, 'two');
    await dan.graphql(...markRead(room, seq - 1));
    const moved = await phone.told.next();
    expect(moved).toMatchObject({
      __typename: 'ReadMoved',
      roomId: room,
      readSeq: seq - 1,
      unreadCount: 1,
      lastSeq: seq,
    });
    expect(moved.version).toBe((await dan.graphql(...listReading())).viewer.roomsVersion);
    await dan.graphql(...markUnread(room, seq - 1));
    expect(await phone.told.next()).toMatchObject({ __typename: 'ReadMoved', unreadCount: 2 });
    phone.person.disconnect();
  });

  test('are told on every node', async ({ skip }) => {
    if (!world.clustered) return skip();
    const dan = await world.person('dan');
    const room = await roomOf(alice, dan);
    const phone = await device(dan.at(await world.anotherNode()));
    const { seq } = await alice.say(room, 'one');
    await dan.graphql(...markRead(room, seq));
    expect(await phone.told.next()).toMatchObject({ __typename: 'ReadMoved', readSeq: seq, unreadCount: 0 });
    phone.person.disconnect();
  });

  test('learn it all the same when the ring is lost', async () => {
    const dan = await world.person('dan');
    const [room, other] = [await roomOf(alice, dan), await roomOf(alice, dan)];
    const phone = await device(dan);
    const [here, there] = [await alice.say(room, 'one'), await alice.say(other, 'two')];
    await markReadOf(dying(world.node.core), viewer(dan), room, here.seq);
    expect(await phone.told.next()).toMatchObject({ __typename: 'ReadMoved', roomId: room, unreadCount: 0 });
    await markReadOf(dying(world.node.core), viewer(dan), other, there.seq);
    await dan.graphql(...markUnread(room, here.seq));
    const told = [await phone.told.next(), await phone.told.next()];
    expect(Object.fromEntries(told.map(({ roomId, unreadCount }) => [roomId, unreadCount]))).toEqual({
      [room]: 1,
      [other]: 0,
    });
    phone.person.disconnect();
  });

  test('that were away read the list again, and only then', async () => {
    const dan = await world.person('dan');
    const room = await roomOf(alice, dan);
    const phone = await device(dan);
    const { seq } = await alice.say(room, 'one');
    await dan.graphql(...markRead(room, seq));
    const { version } = await phone.told.next();
    phone.person.disconnect();
    const back = await watchRoomChanges(world.node.core, viewer(dan), version);
    await dan.graphql(...markUnread(room, seq));
    expect((await back.next()).value).toMatchObject({ kind: 'READ', position: { unreadCount: 1 } });
    await back.return();
    const late = dan.at(world.node);
    expect((await late.subscribe(VIEWER_EVENTS, { after: version }).next()).__typename).toBe('RoomsChanged');
    late.disconnect();
  });

  test('are told nothing when nothing moved', async () => {
    const dan = await world.person('dan');
    const room = await roomOf(alice, dan);
    const phone = await device(dan);
    const { seq } = await alice.say(room, 'one');
    for (let n = 0; n < 3; n++) await dan.graphql(...markRead(room, seq));
    await dan.graphql(...markUnread(room, seq));
    const told = [await phone.told.next(), await phone.told.next()];
    expect(told.map(({ readSeq }) => readSeq)).toEqual([seq, seq - 1]);
    phone.person.disconnect();
  });

  test('know what to be told of a room', async () => {
    const dan = await world.person('dan');
    const room = await roomOf(alice, dan);
    const phone = await device(dan);
    expect(await state(dan, room)).toMatchObject({ notify: 'ALL' });
    expect((await dan.graphql(...setNotify(room, 'MENTIONS'))).setNotify.notify).toBe('MENTIONS');
    expect(await phone.told.next()).toMatchObject({ __typename: 'NotifyChanged', roomId: room, notify: 'MENTIONS' });
    expect(await state(alice, room)).toMatchObject({ notify: 'ALL' });
    phone.person.disconnect();
  });

  test('however marks and rings cross, every device ends with the same numbers', async () => {
    const dan = await world.person('dan');
    const rooms = [await roomOf(alice, dan), await roomOf(alice, dan), await roomOf(alice, dan)];
    const devices = [await device(dan), await device(dan)];
    const seqs = new Map<string, number[]>(rooms.map((id) => [id, []]));
    for (let n = 0; n < 30; n++) {
      const room = rooms[n % 3] as string;
      seqs.get(room)?.push((await alice.say(room, randomUUID())).seq);
    }
    const marks = [...seqs].flatMap(([room, all]) => all.map((seq, n) => (n % 4 ? markRead : markUnread)(room, seq)));
    await Promise.all(marks.map((mark) => dan.graphql(...mark)));
    for (const room of rooms) await dan.graphql(...markRead(room, seqs.get(room)?.at(-1) ?? 0));
    const last = rooms[0] as string;
    await dan.graphql(...markUnread(last, seqs.get(last)?.[0] ?? 0));
    const { viewer: end } = await dan.graphql(...listReading());
    for (const { told, person } of devices) {
      await told.upTo(({ version }) => version === end.roomsVersion);
      const newest = new Map(told.all.filter(({ roomId }) => roomId).map((event) => [event.roomId, event]));
      for (const { id, readSeq, unreadCount } of end.rooms)
        expect(newest.get(id)).toMatchObject({ readSeq, unreadCount });
      person.disconnect();
    }
  });
});
