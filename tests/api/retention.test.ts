import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendMessages } from '../../api/realtime/newMessages.ts';
import { AT_ONCE, expireMessages, expireRoom } from '../../api/retention/expiring.ts';
import { applyEvent, openLog, type RoomEvent, type RoomLog } from '../../web/lib/roomStore.ts';
import { bytesOf, look, upload } from '../files.ts';
import {
  expectSound,
  findMessage,
  listMentions,
  listMessages,
  listPins,
  openDirect,
  people,
  pin,
  react,
  reading,
  reply,
  roomOf,
  setRetention,
  setRole,
  tablesWith,
} from '../rooms.ts';
import { type Arrivals, openWorld, type Person, ROOM_LOG, type World } from '../world.ts';

let world: World;
let all: Record<'olga' | 'bea' | 'zoe' | 'mallory', Person>;
beforeAll(async () => {
  world = await openWorld();
  all = await people(world, 'olga', 'bea', 'zoe', 'mallory');
});
afterAll(async () => {
  for (const person of Object.values(all ?? {})) person.disconnect();
  await world.close();
});

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq } }';
const SEARCH = 'query ($text: String!, $id: ID!) { search(text: $text, roomId: $id) { nodes { message { id } } } }';
const LAST = 'query ($id: ID!) { room(id: $id) { lastMessage { body } retentionDays expiredSeq } }';
const DAY = 24 * 3_600_000;

/** As if everything in the room up to a position had been said so many days earlier. */
const longAgo = (room: string, upTo: number, days: number) =>
  world.node.core.db.$executeRaw`
    UPDATE entry SET created_at = created_at - make_interval(days => ${days}::int)
    WHERE room_id = ${room}::uuid AND seq <= ${upTo}`;

/** What a client holds of a room that has followed it from its beginning. */
const held = (events: RoomEvent[], viewerId: string): RoomLog =>
  events.reduce((log, event) => applyEvent(log, event, { viewerId, following: true }), openLog([], false, 0, ''));

/** Follows a room from its beginning, or from another position on, and asks for all that a page shows of a quote. */
const follow = (person: Person, roomId: string, after = 0): Arrivals =>
  person.subscribe(ROOM_LOG.replace('replyTo { ', 'replyTo { files { name type } '), { roomId, after });

const expiry = ({ __typename }: { __typename: string }) => __typename === 'MessagesExpired';

test('Set 90 days: older is gone everywhere, and members were told.', async () => {
  const { olga, bea, zoe } = all;
  const room = await roomOf(olga, bea, zoe);
  const secret = `canary${randomUUID().slice(0, 8)}`;
  const live = follow(bea, room);
  const file = await upload(olga, room, { name: `${secret}.txt`, bytes: Buffer.from(secret) });
  const input = { id: randomUUID(), roomId: room, body: `${secret} for @${zoe.username}`, files: [file] };
  const { id, seq } = (await olga.graphql(SEND, { input })).sendMessage;
  await olga.graphql(...pin(id));
  await bea.graphql(...react(id, '🦉'));
  await longAgo(room, seq, 91);
  const { id: answer } = (await bea.graphql(...reply(room, id, 'an answer, of today'))).sendMessage;

  expect((await olga.graphql(...setRetention(room, 90))).setRetention).toMatchObject({ retentionDays: 90 });
  const told = await live.upTo(expiry);
  expect(told.at(-2)).toMatchObject({ __typename: 'RoomChanged', retentionDays: 90, retentionChanged: true });
  expect(told.at(-1)).toMatchObject({ upTo: seq });

  const [kept] = (await zoe.graphql(...listMessages(room))).room.messages.nodes;
  expect(kept).toMatchObject({ id: answer, body: 'an answer, of today', replyTo: { id, body: null } });
  expect((await zoe.graphql(...listMessages(room))).room.messages).toMatchObject({
    nodes: [{ id: answer }],
    pageInfo: { hasPreviousPage: false },
  });
  expect(await zoe.refused(...findMessage(id))).toMatchObject({ code: 'NOT_FOUND' });
  expect(await zoe.refused(...listMessages(room, { around: id }))).toMatchObject({ code: 'NOT_FOUND' });
  expect((await zoe.graphql(SEARCH, { text: secret, id: room })).search.nodes).toEqual([]);
  expect((await zoe.graphql(...listPins(room))).room.pins).toEqual([]);
  expect((await zoe.graphql(...listMentions())).viewer.mentions.nodes).toEqual([]);
  expect((await zoe.graphql(...reading(room))).room).toMatchObject({ unreadCount: 1, mentionCount: 0 });
  await gone(zoe, file);
  expect(await tablesWith(world.node, secret)).toEqual([]);
  expect(await tablesWith(world.node, '🦉')).toEqual([]);
  await expectSound(world.node, room);

  const { all: late } = await caughtUp(zoe, room, told.at(-1).seq);
  expect(JSON.stringify(late)).not.toContain(secret);
  expect(held(late, 'zoe').messages).toEqual(held(live.all, 'zoe').messages);
  expect(held(late, 'zoe').messages.map((message) => message.id)).toEqual([answer]);
});

/** Until the bytes of a file are nobody's any more: they go after the entry was told. */
async function gone(person: Person, file: string) {
  for (let tries = 0; (await look(person, file)).status === 200; tries++) {
    if (tries > 100) throw new Error(`still there: ${(await bytesOf(person, file)).length} bytes`);
  }
  expect(await world.node.core.storage.get(file)).toBeNull();
}

async function caughtUp(person: Person, room: string, end: number): Promise<Arrivals> {
  const log = follow(person, room);
  await log.upTo(({ seq }) => seq === end);
  return log;
}

test('who was connected, who was away and who comes later hold the same, however many messages went', async () => {
  const { olga, bea, zoe } = all;
  const { core } = world.node;
  const room = await roomOf(olga, bea, zoe);
  const live = follow(bea, room);
  const many = Array.from({ length: AT_ONCE + 20 }, (_, n) => ({
    ...{ id: randomUUID(), actorId: olga.id, body: `old ${n}`, names: [], callsRoom: false },
  }));
  core.roomFeeds.announce(await appendMessages(core.db, room, many));
  const left = follow(zoe, room);
  await left.upTo(({ message }) => message?.body === 'old 30');
  left.stop();
  const { lastSeq } = (await olga.graphql(...reading(room))).room;
  await longAgo(room, lastSeq - 10, 31);
  await olga.graphql(...setRetention(room, 30));
  const [{ upTo }] = [await live.upTo(expiry), await live.upTo(expiry)].flat().filter(expiry).slice(-1);
  expect(upTo).toBe(lastSeq - 10);
  await olga.say(room, 'the end');
  const last = (await live.upTo(({ message }) => message?.body === 'the end')).at(-1);

  const away = follow(zoe, room, left.all.at(-1).seq);
  await away.upTo(({ seq }) => seq === last.seq);
  const later = await caughtUp(olga, room, last.seq);
  const [one, two, three] = [live.all, [...left.all, ...away.all], later.all].map((events) => held(events, 'bea'));
  expect(one?.messages.map(({ body }) => body)).toEqual([...many.slice(-10).map(({ body }) => body), 'the end']);
  expect(two?.messages).toEqual(one?.messages);
  expect(three?.messages).toEqual(one?.messages);
  expect((await olga.graphql(LAST, { id: room })).room).toMatchObject({ retentionDays: 30, expiredSeq: upTo });
  expect((await zoe.graphql(...reading(room))).room).toMatchObject({ unreadCount: 11 });
  await expectSound(world.node, room);
});

test('once an hour what has become too old goes, from two nodes at once only once, and a young message stays', async () => {
  const { olga, bea } = all;
  const { core } = world.node;
  const room = await roomOf(olga, bea);
  await olga.graphql(...setRetention(room, 7));
  const { id } = await olga.say(room, 'this week');
  expect(await expireMessages(core)).toBe(0);
  const log = follow(bea, room);
  const inAWeek = Date.now() + 7 * DAY + 1_000;
  const told = await Promise.all([expireRoom(core, room, inAWeek), expireRoom(core, room, inAWeek)]);
  expect(told.sort()).toEqual([0, 1]);
  await log.upTo(expiry);
  expect((await bea.graphql(LAST, { id: room })).room.lastMessage).toBeNull();
  expect(await olga.say(room, 'this week', id)).toMatchObject({ id, body: null });
  expect((await bea.graphql(...reading(room))).room).toMatchObject({ unreadCount: 0 });
});

test('without a limit nothing goes, and a limit that is taken back is told too', async () => {
  const { olga, bea } = all;
  const room = await roomOf(olga, bea);
  const log = follow(bea, room);
  await olga.say(room, 'for good');
  await olga.graphql(...setRetention(room, 3_650));
  await olga.graphql(...setRetention(room, 3_650));
  await olga.graphql(...setRetention(room, null));
  expect(await expireRoom(world.node.core, room, Date.now() + 20_000 * DAY)).toBe(0);
  await olga.say(room, 'still');
  const changes = (await log.upTo(({ message }) => message?.body === 'still')).filter(
    ({ retentionChanged }) => retentionChanged,
  );
  expect(changes.map(({ retentionDays }) => retentionDays)).toEqual([3_650, null]);
});

test('what is sealed goes from an encrypted room as texts go from others', async () => {
  const { olga, bea } = all;
  const { core } = world.node;
  const room = await roomOf(olga, bea);
  await olga.graphql(...setRetention(room, 1));
  await core.db.room.update({
    where: { id: room },
    data: { encryption: 'MLS', name: null, lastSeq: 4, lastMessageSeq: 4, messageCount: 1 },
  });
  await core.db.entry.create({
    data: {
      ...{
        roomId: room,
        seq: 4,
        id: randomUUID(),
        kind: 'MESSAGE',
        actorId: olga.id,
        encoding: 'MLS',
        generation: 0,
        groupEpoch: 0,
        ordinal: 1,
        changedSeq: 4,
      },
      mls: Buffer.from('header'),
      sealed: Buffer.from('content'),
    },
  });
  expect(await expireRoom(core, room, Date.now() + 2 * DAY)).toBe(1);
  const row = await core.db.entry.findUniqueOrThrow({ where: { roomId_seq: { roomId: room, seq: 4 } } });
  expect(row).toMatchObject({ sealed: null, changedSeq: 5 });
  expect(row.deletedAt).not.toBeNull();
});

test('only an owner sets it, within its bounds, and not for two people alone', async () => {
  const { olga, bea, mallory } = all;
  const room = await roomOf(olga, bea);
  await olga.graphql(...setRole(room, bea.id, 'MODERATOR'));
  expect(await bea.refused(...setRetention(room, 1))).toMatchObject({ code: 'FORBIDDEN' });
  expect(await mallory.refused(...setRetention(room, 1))).toMatchObject({ code: 'NOT_FOUND' });
  for (const days of [0, -1, 3_651]) {
    expect(await olga.refused(...setRetention(room, days))).toMatchObject({
      code: 'INVALID_INPUT',
      fields: { days: [expect.any(String)] },
    });
  }
  const direct = (await olga.graphql(...openDirect(bea.id))).openDirectRoom.id;
  expect(await olga.refused(...setRetention(direct, 1))).toMatchObject({ code: 'FORBIDDEN' });
});
