import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { editMessage, sendMessage } from '../../api/messages/messages.ts';
import { removeMember as removeMemberOf } from '../../api/rooms/leaving.ts';
import { subscribeToRoom } from '../../api/rooms/roomSubscription.ts';
import {
  addMember,
  deleteRoom,
  dying,
  edit,
  expectSound,
  join,
  leave,
  listMessages,
  people,
  read,
  removeMember,
  roomOf,
  setRole,
  TYPING,
  unsend,
  update,
  viewer,
} from '../rooms.ts';
import { openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
});
afterAll(() => world.close());

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const seqs = (events: any[]): number[] => events.map((event) => event.seq);
const kinds = (events: any[]): string[] => events.map((event) => event.__typename);
const atSeq = (seq: number) => (event: any) => event.seq === seq;
const lastSeq = async (person: Person, room: string): Promise<number> =>
  (await person.graphql(...read(room))).room.lastSeq;
const epoch = async (): Promise<string> => (await alice.graphql('{ server { epoch } }')).server.epoch;

async function sendMany(person: Person, room: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(range(1, Math.min(50, count - sent)).map((n) => person.say(room, `${person.name} ${sent + n}`)));
  }
}

describe('one order', () => {
  test('whatever happens in a room is an entry, in order and without a hole', async () => {
    const room = await roomOf(alice);
    const heard = alice.follow(room, { after: 0 });
    await alice.graphql(...addMember(room, bob.id));
    const { id } = await bob.say(room, 'helo');
    await bob.graphql(...edit(id, 'hello'));
    await bob.graphql(...unsend(id));
    await alice.graphql(...update(room, { name: 'attic', topic: 'boxes' }));
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    await bob.graphql(...addMember(room, carol.id));
    await bob.graphql(...removeMember(room, carol.id));
    await bob.graphql(...leave(room));
    const events = await heard.upTo(atSeq(10));
    expect(seqs(events)).toEqual(range(1, 10));
    expect(kinds(events)).toEqual([
      'RoomCreated',
      'MemberJoined',
      'MessageSent',
      'MessageEdited',
      'MessageDeleted',
      'RoomChanged',
      'RoleChanged',
      'MemberJoined',
      'MemberRemoved',
      'MemberLeft',
    ]);
    expect(events[2].message.author.id).toBe(bob.id);
    expect(events[5]).toMatchObject({ name: 'attic', topic: 'boxes' });
    expect(events[6]).toMatchObject({ role: 'MODERATOR', user: { id: bob.id } });
    expect(events[8]).toMatchObject({ user: { id: carol.id }, by: { id: bob.id } });
    expect(new Set(events.map((event) => event.roomId))).toEqual(new Set([room]));
  });

  test('sixteen people who write at once make one log without a hole, and all of them hear it alike', async () => {
    const names = range(1, 16).map((n) => `writer${n}`);
    const writers = Object.values(await people(world, ...names));
    const room = await alice.createRoom();
    for (const writer of writers) await writer.join(room);
    const after = await lastSeq(alice, room);
    const followers = [alice, ...writers].map((person) => person.follow(room, { after }));
    await Promise.all(writers.map((writer) => sendMany(writer, room, 25)));
    const [first = [], ...others] = await Promise.all(followers.map((heard) => heard.upTo(atSeq(after + 400))));
    expect(seqs(first)).toEqual(range(after + 1, after + 400));
    for (const events of others) expect(events).toEqual(first);
    await expectSound(world.node, room);
  });

  test('an answer names the place at which the message stands in the log', async () => {
    const room = await roomOf(alice);
    const heard = alice.follow(room, { after: 1 });
    const sent = await Promise.all(range(1, 30).map((n) => alice.say(room, `message ${n}`)));
    const events = await heard.upTo(atSeq(31));
    const places = new Map(events.map((event) => [event.message.id, event.seq]));
    for (const { id, seq } of sent) expect(places.get(id)).toBe(seq);
  });
});

describe('going on from a position', () => {
  test('the past comes from the database, and meets what is written meanwhile, each entry once', async () => {
    const room = await roomOf(alice, bob, carol);
    await sendMany(bob, room, 600);
    const writing = [bob, carol].map((writer) => sendMany(writer, room, 150));
    const starts = [0, 1, 100, 299, 598, 602, 603];
    const followers = starts.map((after) => alice.follow(room, { after }));
    await Promise.all(writing);
    for (const [n, heard] of followers.entries()) {
      expect(seqs(await heard.upTo(atSeq(903)))).toEqual(range((starts[n] ?? 0) + 1, 903));
    }
    await alice.say(room, 'one more');
    for (const heard of followers) {
      expect((await heard.next()).seq).toBe(904);
      heard.stop();
    }
  });

  test('a position before the beginning is the beginning', async () => {
    const room = await roomOf(alice, bob);
    expect(seqs(await alice.follow(room, { after: -7 }).upTo(atSeq(2)))).toEqual([1, 2]);
  });

  test('without a position it goes from now on', async () => {
    const room = await roomOf(alice);
    await alice.say(room, 'before');
    const heard = bob.subscribe(ROOM_LOG, { roomId: await roomWithBob(room) });
    const witness = await vi.waitUntil(async () => {
      await alice.say(room, 'now');
      return heard.all.length > 0 && heard.all;
    });
    expect(witness[0]).toMatchObject({ __typename: 'MessageSent', message: { body: 'now' } });
    heard.stop();
  });

  test('a position ahead of the log is answered with one Reset, and goes on from there', async () => {
    const room = await roomOf(alice);
    for (const after of [2, 3, 2_147_483_647]) {
      const top = await lastSeq(alice, room);
      const heard = alice.follow(room, { after: top + after - 1 > 2_147_483_647 ? after : top + after - 1 });
      expect(await heard.next()).toMatchObject({ __typename: 'Reset', seq: top, roomId: room, epoch: await epoch() });
      const { seq } = await alice.say(room, 'onwards');
      expect(await heard.next()).toMatchObject({ __typename: 'MessageSent', seq });
      expect(seq).toBe(top + 1);
      heard.stop();
    }
  });

  test('a position of another life is answered with Reset, one of this life is not', async () => {
    const room = await roomOf(alice, bob);
    const elsewhere = alice.follow(room, { after: 1, epoch: randomUUID() });
    expect(await elsewhere.next()).toMatchObject({ __typename: 'Reset', seq: 2, epoch: await epoch() });
    const here = alice.follow(room, { after: 1, epoch: await epoch() });
    expect(await here.next()).toMatchObject({ __typename: 'MemberJoined', seq: 2 });
    await alice.say(room, 'onwards');
    for (const heard of [elsewhere, here]) {
      expect(await heard.next()).toMatchObject({ __typename: 'MessageSent', seq: 3 });
      heard.stop();
    }
  });

  test('who follows live while the database gets another epoch gets one Reset, and goes on', async () => {
    const room = await roomOf(alice, bob);
    const before = await epoch();
    const heard = alice.follow(room, { after: 1, epoch: before });
    expect((await heard.next()).seq).toBe(2);
    await world.node.core.db.instance.updateMany({ data: { epoch: randomUUID() } });
    const reset = await heard.next();
    expect(reset).toMatchObject({ __typename: 'Reset', seq: 2, epoch: await epoch() });
    expect(reset.epoch).not.toBe(before);
    await alice.say(room, 'onwards');
    expect(await heard.next()).toMatchObject({ __typename: 'MessageSent', seq: 3 });
    heard.stop();
  });

  test('who follows live while an older copy of the database comes back is told, and then hears what is new', async () => {
    const { db } = world.node.core;
    const room = await roomOf(alice, bob);
    const heard = alice.follow(room, { after: 2 });
    for (const body of ['kept', 'lost', 'lost too']) await bob.say(room, body);
    await heard.upTo(atSeq(5));
    await db.$transaction([
      db.entry.deleteMany({ where: { roomId: room, seq: { gt: 3 } } }),
      db.room.update({ where: { id: room }, data: { lastSeq: 3, lastMessageSeq: 3, messageCount: 1 } }),
      db.instance.updateMany({ data: { epoch: randomUUID() } }),
    ]);
    expect(await heard.next()).toMatchObject({ __typename: 'Reset', seq: 3, epoch: await epoch() });
    await bob.say(room, 'new');
    expect(await heard.next()).toMatchObject({ seq: 4, message: { body: 'new' } });
    heard.stop();
  });

  test('Cut the network for 10 minutes during 300 sends, edits and deletes: afterwards both screens are identical.', async () => {
    const room = await roomOf(alice, bob, carol);
    const stayed = alice.follow(room, { after: 0 });
    const away = bob.follow(room, { after: 0 });
    const messages = [];
    for (const n of range(1, 30)) messages.push(await carol.say(room, `wording ${n}`));
    const known = await away.upTo(atSeq(33));
    bob.disconnect();
    for (const [n, { id }] of messages.entries()) {
      if (n % 2 === 0) await carol.graphql(...edit(id, `better wording ${n}`));
      if (n % 3 === 0) await carol.graphql(...unsend(id));
    }
    await alice.graphql(...update(room, { name: 'another name' }));
    await carol.graphql(...leave(room));
    await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
    await sendMany(alice, room, 275);
    const end = await lastSeq(alice, room);
    const whole = await stayed.upTo(atSeq(end));
    const rest = await bob.follow(room, { after: 33 }).upTo(atSeq(end));
    expect(seqs(rest)).toEqual(range(34, end));
    expect(fold([...known, ...rest])).toEqual(fold(whole));
    const { nodes } = (await alice.graphql(...listMessages(room, { first: 100 }))).room.messages;
    expect(fold(whole).messages).toMatchObject(Object.fromEntries(nodes.map((m: any) => [m.id, [m.body, m.editedAt]])));
    expect(fold(whole).members).toEqual({ [alice.id]: 'OWNER', [bob.id]: 'MODERATOR' });
  });

  async function roomWithBob(room: string): Promise<string> {
    await alice.graphql(...addMember(room, bob.id));
    return room;
  }

  interface State {
    name: string | null;
    messages: Record<string, [body: string | null, editedAt: string | null]>;
    members: Record<string, string>;
  }

  // What a client knows of a room once it has applied these entries in their order.
  function fold(events: any[]): State {
    const state: State = { name: null, messages: {}, members: { [alice.id]: 'OWNER' } };
    for (const { name, message, user, role, __typename: kind } of events) {
      if (kind === 'RoomChanged') state.name = name;
      if (message) state.messages[message.id] = [message.body, message.editedAt];
      if (kind === 'MemberJoined' || kind === 'RoleChanged') state.members[user.id] = role;
      if (kind === 'MemberLeft' || kind === 'MemberRemoved') delete state.members[user.id];
    }
    return state;
  }
});

describe('a node that dies between commit and ring', () => {
  test('leaves nothing out: who follows hears what it committed, in its place', async () => {
    const room = await roomOf(alice, bob);
    const dead = dying(world.node.core);
    const heard = alice.follow(room, { after: 2 });
    const { id } = await bob.say(room, 'heard at once');
    await heard.next();
    await sendMessage(dead, viewer(bob), room, { id: randomUUID(), body: 'not rung' });
    await editMessage(dead, viewer(bob), id, 'not rung either');
    expect(kinds(await heard.upTo(atSeq(5)))).toEqual(['MessageSent', 'MessageEdited']);
    await sendMessage(dead, viewer(bob), room, { id: randomUUID(), body: 'not rung' });
    await bob.say(room, 'rung again');
    expect((await heard.upTo(atSeq(7))).map((event) => event.message.body)).toEqual(['not rung', 'rung again']);
  });

  test('ends the membership of one it removed, with nothing after it', async () => {
    const room = await roomOf(alice, bob);
    const heard = bob.follow(room, { after: 1 });
    await heard.next();
    await removeMemberOf(dying(world.node.core), viewer(alice), room, bob.id);
    await alice.say(room, 'not for bob');
    expect(await heard.ending()).toBe('complete');
    expect(kinds(heard.all)).toEqual(['MemberJoined', 'MemberRemoved']);
  });
});

describe('the end of a membership', () => {
  test('one’s own removal is the last entry one gets, then the stream ends, for the others it goes on', async () => {
    const room = await roomOf(alice, bob);
    const [removed, stayed] = [bob.follow(room, { after: 1 }), alice.follow(room, { after: 1 })];
    await Promise.all([removed.next(), stayed.next()]);
    await alice.say(room, 'before');
    await alice.graphql(...removeMember(room, bob.id));
    await alice.say(room, 'after');
    expect(kinds(await stayed.upTo(atSeq(5)))).toEqual(['MessageSent', 'MemberRemoved', 'MessageSent']);
    expect(await removed.ending()).toBe('complete');
    expect(kinds(removed.all)).toEqual(['MemberJoined', 'MessageSent', 'MemberRemoved']);
    expect(removed.all.at(-1)).toMatchObject({ user: { id: bob.id }, by: { id: alice.id } });
  });

  test('whoever leaves gets that as the last entry, on every device', async () => {
    const room = await roomOf(alice, bob);
    const phone = new (bob.constructor as typeof Person)(bob.node, { ...bob });
    const [one, two] = [bob, phone].map((device) => device.follow(room, { after: 1 }));
    for (const heard of [one, two]) await heard?.next();
    await bob.graphql(...leave(room));
    await alice.say(room, 'after');
    for (const heard of [one, two]) {
      expect(await heard?.ending()).toBe('complete');
      expect(kinds(heard?.all ?? [])).toEqual(['MemberJoined', 'MemberLeft']);
    }
  });

  test('one who is removed in the midst of a flood gets everything up to that and nothing after it', async () => {
    const room = await roomOf(alice, bob, carol);
    const [removed, stayed] = [bob, alice].map((person) => person.follow(room, { after: 3 }));
    const flood = [alice, carol].map((writer) => sendMany(writer, room, 150));
    await removed?.upTo(atSeq(40));
    await alice.graphql(...removeMember(room, bob.id));
    await Promise.all(flood);
    const everything = (await stayed?.upTo(atSeq(304))) ?? [];
    const end = everything.find((event) => event.__typename === 'MemberRemoved').seq;
    expect(await removed?.ending()).toBe('complete');
    expect(removed?.all).toEqual(everything.filter((event) => event.seq <= end));
    expect(end).toBeLessThan(304);
  });

  test('one who comes back reads the past, what was said before included, and hears on', async () => {
    const room = await alice.createRoom();
    await bob.join(room);
    await alice.say(room, 'one');
    await bob.graphql(...leave(room));
    await alice.say(room, 'two');
    await bob.graphql(...join(room));
    for (const after of [0, 2, 3, 4, 5]) {
      const heard = bob.follow(room, { after });
      expect(seqs(await heard.upTo(atSeq(6)))).toEqual(range(after + 1, 6));
      await alice.say(room, 'three');
      await heard.upTo((event) => event.message?.body === 'three');
      heard.stop();
    }
  });

  test('one who left and came back twice is not ended by the past, only by what comes', async () => {
    const room = await alice.createRoom();
    for (const _ of range(1, 2)) {
      await bob.graphql(...join(room));
      await bob.graphql(...leave(room));
    }
    await bob.graphql(...join(room));
    const heard = bob.follow(room, { after: 0 });
    await heard.upTo(atSeq(6));
    await alice.graphql(...removeMember(room, bob.id));
    expect(await heard.ending()).toBe('complete');
    expect(seqs(heard.all)).toEqual(range(1, 7));
  });

  test('when the room is deleted everyone who follows hears that last, and the stream ends', async () => {
    const room = await roomOf(alice, bob, carol);
    const followers = [alice, bob, carol].map((person) => person.follow(room, { after: 3 }));
    await bob.say(room, 'soon gone');
    await Promise.all(followers.map((heard) => heard.next()));
    await alice.graphql(...deleteRoom(room));
    for (const heard of followers) {
      expect(await heard.ending()).toBe('complete');
      expect(heard.all.at(-1)).toMatchObject({ __typename: 'RoomDeleted', seq: 5 });
    }
  });

  test('one who is 500 entries behind when the room is deleted hears of the deletion, and nothing of what is gone', async () => {
    const room = await roomOf(alice, bob);
    const { core } = world.node;
    await sendMany(alice, room, 300);
    const behind = await subscribeToRoom(core, viewer(bob), room, { after: 0 });
    expect((await behind.next()).value).toMatchObject({ seq: 1 });
    await sendMany(alice, room, 200);
    await alice.graphql(...deleteRoom(room));
    const rest = [];
    for await (const entry of behind) rest.push(entry);
    expect(rest.at(-1)).toMatchObject({ kind: 'ROOM_DELETED', seq: 503 });
    expect(rest.map((entry) => ('message' in entry ? entry.message : null))).toEqual(rest.map(() => null));
  });

  test('when the last member leaves a private room, its stream ends and the room with it', async () => {
    const room = await roomOf(alice);
    const heard = alice.follow(room, { after: 0 });
    await heard.next();
    await alice.graphql(...leave(room));
    expect(await heard.ending()).toBe('complete');
    expect(['MemberLeft', 'RoomDeleted']).toContain(kinds(heard.all).slice(1).join());
  });
});

describe('what is kept in memory', () => {
  test('of an edited or deleted message nobody gets an old wording, not even one who reads the past', async () => {
    const room = await roomOf(alice, bob);
    const live = alice.follow(room, { after: 2 });
    const [edited, deleted] = [await bob.say(room, 'old wording'), await bob.say(room, 'secret')];
    await bob.graphql(...edit(edited.id, 'middle wording'));
    await bob.graphql(...edit(edited.id, 'new wording'));
    await bob.graphql(...edit(deleted.id, 'another secret'));
    await bob.graphql(...unsend(deleted.id));
    await live.upTo(atSeq(8));
    const past = await alice.follow(room, { after: 2 }).upTo(atSeq(8));
    expect(past.map((event) => event.message.body)).toEqual([
      ...['new wording', null, 'new wording', 'new wording', null, null],
    ]);
  });

  test('neither does one who is slow to read what the server has fetched for them', async () => {
    const room = await roomOf(alice, bob);
    const { id } = await bob.say(room, 'secret');
    const slow = await subscribeToRoom(world.node.core, viewer(alice), room, { after: 0 });
    expect((await slow.next()).value).toMatchObject({ seq: 1 });
    await bob.graphql(...unsend(id));
    expect((await slow.next()).value).toMatchObject({ seq: 2 });
    expect((await slow.next()).value).toMatchObject({ seq: 3, message: { id, body: null } });
    await slow.return();
  });

  test('when nobody follows any more, the node watches nothing', async () => {
    const other = await openWorld();
    const { dan, eve } = await people(other, 'dan', 'eve');
    const room = await roomOf(dan, eve);
    const staying = dan.follow(room, { after: 0 });
    await staying.upTo(atSeq(2));
    for (const _ of range(1, 20)) {
      for (const document of [ROOM_LOG, TYPING]) dan.subscribe(document, { roomId: room }).stop();
    }
    for (const _ of range(1, 2)) {
      await eve.follow(room, { after: 0 }).upTo(atSeq(2));
      for (const __ of range(1, 20)) eve.follow(room);
      eve.disconnect();
    }
    expect(other.node.core.roomFeeds.size()).toBe(1);
    for (const person of [dan, eve]) person.disconnect();
    await vi.waitUntil(() => other.node.core.roomFeeds.size() === 0, { timeout: 20_000 });
    await other.close();
  });
});

test('an entry of a document in much use reads as in one that is new, in fragments, under other names and with parts left out', async () => {
  const document = `subscription ($roomId: ID!, $after: Int, $long: Boolean!) { news: roomLog(roomId: $roomId, after: $after) {
    kind: __typename number: seq ...Sent ...Joined ... on MessageEdited { message { ...Text } } ... on RoomChanged { topic }
  } }
  fragment Sent on MessageSent { text: message { ...Text } again: message { id } }
  fragment Text on Message { seq body @include(if: $long) createdAt @skip(if: $long) editedAt author { name: displayName } }
  fragment Joined on MemberJoined { user { id } role }`;
  const room = await roomOf(alice);
  const often = alice.subscribe(document, { roomId: room, after: 0, long: true });
  await sendMany(alice, room, 200);
  await alice.graphql(...addMember(room, bob.id));
  const { id } = await bob.say(room, 'helo');
  const unedited = await often.upTo((event) => event.number === 203);
  await bob.graphql(...edit(id, 'hello "quoted" ж'));
  await alice.graphql(...update(room, { topic: 'boxes' }));
  const last = (event: any) => event.number === 205;
  const heard = [...unedited, ...(await often.upTo(last))];
  for (const long of [true, false]) {
    const rarely = alice.subscribe(`# ${long}\n${document}`, { roomId: room, after: 190, long });
    const expected = (await rarely.upTo(last)).map((event) => JSON.stringify(event));
    const replayed = alice.subscribe(document, { roomId: room, after: 190, long });
    expect((await replayed.upTo(last)).map((event) => JSON.stringify(event))).toEqual(expected);
    if (long) expect(heard.slice(203).map((event) => JSON.stringify(event))).toEqual(expected.slice(13));
    if (long) expect(Object.keys(heard[202].text)).toEqual(Object.keys(heard[1].text));
  }
});

test('those who do not read hold nobody up, and have missed nothing when they read on, each under their own id', async () => {
  const room = await roomOf(alice, bob);
  const ids = ['slow-1', 'slow-2', 'fast-1', 'slow-3', 'fast-2'];
  const all = await Promise.all(ids.map(() => openSocket(bob)));
  const payload = { query: ROOM_LOG, variables: { roomId: room, after: 2 } };
  for (const [n, socket] of all.entries()) socket.send({ id: ids[n], type: 'subscribe', payload });
  const slow = all.filter((_, n) => ids[n]?.startsWith('slow'));
  for (const socket of slow) socket.pause();
  const heard = alice.follow(room, { after: 2 });
  for (const _ of range(1, 8)) {
    await Promise.all(range(1, 64).map(() => alice.say(room, 'ж'.repeat(8_000))));
  }
  expect(seqs(await heard.upTo(atSeq(514)))).toEqual(range(3, 514));
  for (const socket of slow) {
    expect(socket.received.length).toBeLessThan(512);
    socket.resume();
  }
  await vi.waitUntil(() => all.every(({ received }) => received.length === 512), { timeout: 120_000 });
  for (const [n, { received, close }] of all.entries()) {
    expect(new Set(received.map((frame) => frame.id))).toEqual(new Set([ids[n]]));
    expect(received.map((frame) => frame.payload.data.roomLog.seq)).toEqual(range(3, 514));
    close();
  }

  async function openSocket(person: Person) {
    const socket = new WebSocket(`${person.node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const received: any[] = [];
    const acknowledged = new Promise<void>((resolve) => {
      socket.on('message', (text) => {
        const frame = JSON.parse(String(text));
        if (frame.type === 'next') received.push(frame);
        if (frame.type === 'connection_ack') resolve();
      });
    });
    const send = (frame: object) => socket.send(JSON.stringify(frame));
    socket.on('open', () =>
      send({ type: 'connection_init', payload: { authorization: `Bearer ${person.accessToken}` } }),
    );
    await acknowledged;
    return {
      received,
      send,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => socket.terminate(),
    };
  }
}, 240_000);
