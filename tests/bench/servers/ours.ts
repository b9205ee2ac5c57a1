import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startSession } from '../../../api/auth/sessions.ts';
import { readConfig } from '../../../api/config.ts';
import { type Core, openCore } from '../../../api/core.ts';
import { sendSealed } from '../../../api/groups/sealed.ts';
import { createLog } from '../../../api/log.ts';
import { pageMessages } from '../../../api/messages/messagePages.ts';
import { sendMessage } from '../../../api/messages/messages.ts';
import { sendTogether } from '../../../api/messages/sendQueue.ts';
import type { LogEntry } from '../../../api/realtime/entry.ts';
import type { RoomFeed } from '../../../api/realtime/roomFeed.ts';
import { createRoom } from '../../../api/rooms/rooms.ts';
import { searchMessages } from '../../../api/search/search.ts';
import { openApp } from '../../../api/server.ts';
import type { Viewer } from '../../../api/users/users.ts';
import { answerCalls } from '../calls.ts';
import { listenForOrders } from '../control.ts';
import { AUTHOR, messageId, SEALED, SHORT, UNTOUCHED } from '../payload.ts';

const MANY = '1000000';
const UNLIMITED = {
  LIMIT_LOGINS_PER_MINUTE: MANY,
  LIMIT_REGISTRATIONS_PER_HOUR: MANY,
  LIMIT_MESSAGES_PER_10_SECONDS: MANY,
  LIMIT_CHANGES_PER_MINUTE: MANY,
  LIMIT_MARKS_PER_10_SECONDS: MANY,
  LIMIT_FRAMES_PER_SECOND: MANY,
  LIMIT_SOCKETS_PER_PERSON: MANY,
};

let core: Core;
let people: Viewer[] = [];
let feeds: RoomFeed[] = [];
let body = SHORT;
let real = false;
let sealed = false;
let queries = 0;

answerCalls({
  start,
  people: ({ count }) => makePeople(count),
  rooms: ({ count }) => makeRooms(count),
  /** Without the look at the database once a second, which would not find what was never stored. */
  synthetic: () => core.heartbeat.stop(),
  real: () => {
    real = true;
  },
  /** From now on what is published is of encrypted rooms. */
  seal: () => {
    sealed = true;
  },
  sealedRoom: makeSealedRoom,
  speak: ({ room, senders, seconds }) =>
    perSecond(senders, seconds, (sender) =>
      sendMessage(core, someone(sender), room, { id: randomUUID(), body: SHORT }),
    ),
  speakSealed: ({ room, senders, seconds }) => perSecond(senders, seconds, (sender) => speakSealed(room, sender)),
  say: ({ text }) => {
    body = text;
  },
  append: ({ room, senders, seconds }) => perSecond(senders, seconds, (sender) => append(room, sender)),
  create: ({ room, senders, seconds }) => createEach(room, senders, seconds),
  fill: ({ room, messages }) => fill(room, messages),
  leave: ({ person, rooms }) => leave(person, rooms),
  fillWords: ({ rooms, messages }) => fillWords(rooms, messages),
  search: ({ person, text, times }) => timeSearches(person, text, times),
  page: ({ room, request, times }) => timePages(room, request, times),
  queries: () => queries,
  send: ({ room }) => sendMessage(core, someone(0), room, { id: randomUUID(), body: SHORT }),
});

async function start(environment: Record<string, string>) {
  countQueries();
  const dataDir = mkdtempSync(join(tmpdir(), 'shh-bench-'));
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const given = { PORT: '0', LOG_LEVEL: 'warn', DATA_DIR: dataDir, SECRET_KEY: '0123456789abcdef'.repeat(4) };
  const config = readConfig({ ...given, ...UNLIMITED, ...environment });
  core = await openCore(config, createLog(config.logLevel));
  const app = await openApp(core, 'no-web-client');
  const { port } = new URL(await app.listen());
  const orders = await listenForOrders(() => feeds.length, publish);
  return { kind: 'graphql', port: Number(port), orders };
}

function publish(room: number) {
  const feed = feeds[room] as RoomFeed;
  if (!real) return core.roomFeeds.announce([entryOf(feed)]);
  void sendMessage(core, someone(room), feed.roomId, { id: randomUUID(), body });
}

/** The next entry of the feed, as it is after a commit, without the commit. */
function entryOf({ roomId, top }: RoomFeed): LogEntry {
  const seq = top + 1;
  const id = messageId(seq);
  const at = new Date().toISOString();
  const author = { id: AUTHOR, username: 'alice', displayName: 'Alice', colour: null, createdAt: at };
  const message = {
    id,
    roomId,
    seq,
    author,
    ...(sealed ? SEALED_MESSAGE : { encoding: 'NONE' as const, body }),
    ...UNTOUCHED,
    createdAt: at,
    changedSeq: seq,
  };
  return { roomId, seq, id, kind: 'MESSAGE', at, actor: author, subject: null, detail: null, message };
}

const SEALED_MESSAGE = {
  encoding: 'MLS' as const,
  body: null,
  sealed: { deviceId: AUTHOR, generation: 1, epoch: 1, ...SEALED },
};

/** An encrypted room in whose group everybody has a device. */
async function makeSealedRoom(): Promise<string> {
  const { id } = await createRoom(core, someone(0), { kind: 'PRIVATE', encrypted: true });
  const blank = { name: 'bench', credential: Buffer.alloc(129), suites: [1], engineVersion: 1 };
  for (const { id: userId, sessionId } of people) {
    const device = await core.db.device.create({
      data: { ...blank, id: randomUUID(), userId, signatureKey: randomBytes(32) },
    });
    await core.db.session.update({ where: { id: sessionId }, data: { deviceId: device.id } });
    await core.db.membership.createMany({
      data: { roomId: id, userId, role: 'MEMBER', joinedSeq: 1 },
      skipDuplicates: true,
    });
    await core.db.groupDevice.create({ data: { roomId: id, deviceId: device.id, joinedSeq: 1 } });
  }
  await core.db.room.update({ where: { id }, data: { generation: 1, suite: 1, groupEpoch: 1 } });
  return id;
}

function speakSealed(roomId: string, sender: number) {
  const [mls, content] = [SEALED.mls, SEALED.body].map((text) => Buffer.from(text, 'base64'));
  const place = { roomId, generation: 1, epoch: 1, id: randomUUID(), kind: 'MESSAGE' as const };
  return sendSealed(core, someone(sender), { ...place, mls, body: content } as Parameters<typeof sendSealed>[2]);
}

async function makePeople(count: number) {
  const names = Array.from({ length: count }, (_, number) => `bench${number}`);
  const data = names.map((name) => ({ username: name, usernameKey: name, displayName: name, passwordHash: '' }));
  const users = await core.db.user.createManyAndReturn({ data, select: { id: true, passwordHash: true } });
  const sessions = await Promise.all(users.map((user) => startSession(core, user, 'bench')));
  people = sessions.map(({ userId, sessionId }) => ({ id: userId, sessionId }));
  return sessions.map(({ accessToken }) => accessToken);
}

/** Rooms in which everyone is a member. */
async function makeRooms(count: number): Promise<string[]> {
  const made: string[] = [];
  for (let number = 0; number < count; number++) {
    const { id } = await createRoom(core, someone(0), { name: `bench ${randomUUID()}`, kind: 'PRIVATE' });
    made.push(id);
  }
  await core.db.$executeRaw`
    INSERT INTO membership (room_id, user_id, role, joined_seq)
    SELECT room_id, user_id, 'MEMBER', 1
    FROM unnest(${made}::uuid[]) AS room_id, unnest(${people.map(({ id }) => id)}::uuid[]) AS user_id
    ON CONFLICT DO NOTHING`;
  feeds = await Promise.all(made.map(async (id) => (await core.roomFeeds.watch(id)) as RoomFeed));
  return made;
}

const leave = (person: number, rooms: string[]) =>
  core.db.membership.deleteMany({ where: { userId: someone(person).id, roomId: { in: rooms } } });

const someone = (number: number) => people[number % people.length] as Viewer;

function append(room: string, sender: number) {
  return sendTogether(core, room, { id: randomUUID(), actorId: someone(sender).id, body: SHORT, ...NOBODY });
}

const NOBODY = { names: [], callsRoom: false };

/** The naive way: one insert each, with a position that this process counts. */
async function createEach(roomId: string, senders: number, seconds: number) {
  const { id } = await core.db.room.findUniqueOrThrow({ where: { id: roomId } });
  const newest = await core.db.entry.aggregate({ where: { roomId: id }, _max: { seq: true, ordinal: true } });
  let seq = newest._max.seq ?? 0;
  let ordinal = newest._max.ordinal ?? 0;
  const rate = await perSecond(senders, seconds, (sender) => {
    const place = { roomId, seq: ++seq, changedSeq: seq, ordinal: ++ordinal };
    const data = { ...place, id: randomUUID(), kind: 'MESSAGE' as const, body: SHORT };
    return core.db.entry.create({ data: { ...data, actorId: someone(sender).id } });
  });
  await core.db.room.update({
    where: { id: roomId },
    data: { lastSeq: seq, lastMessageSeq: seq, messageCount: ordinal },
  });
  return rate;
}

async function perSecond(senders: number, seconds: number, act: (sender: number) => Promise<unknown>) {
  const started = performance.now();
  let done = 0;
  const loop = async (sender: number) => {
    while (performance.now() - started < seconds * 1_000) {
      await act(sender);
      done++;
    }
  };
  await Promise.all(Array.from({ length: senders }, (_, sender) => loop(sender)));
  return (done / (performance.now() - started)) * 1_000;
}

/** Puts messages into a room with one statement. */
async function fill(roomId: string, messages: number) {
  await core.db.$executeRaw`
    INSERT INTO entry (room_id, seq, id, kind, actor_id, body, created_at, ordinal, changed_seq)
    SELECT ${roomId}::uuid, n + 1, gen_random_uuid(), 'MESSAGE', ${someone(0).id}::uuid, ${SHORT}, now(), n, n + 1
    FROM generate_series(1, ${messages}::int) AS n`;
  await core.db.room.update({
    where: { id: roomId },
    data: { lastSeq: messages + 1, lastMessageSeq: messages + 1, messageCount: messages },
  });
  await core.db.$executeRaw`ANALYZE entry`;
}

/**
 * Puts messages into these rooms: each has eight to twelve words of which few are frequent, every other one has `often`,
 * 2,000 of them one of a hundred words `rare000` to `rare099`, and one in fifty a file.
 */
async function fillWords(rooms: string[], messages: number) {
  const every = Math.max(1, messages / 2_000);
  await core.db.$executeRaw`
    INSERT INTO entry (room_id, seq, id, kind, actor_id, body, files, created_at, ordinal, changed_seq)
    SELECT (${rooms}::uuid[])[1 + n % ${rooms.length}::int], 2 + n / ${rooms.length}::int, gen_random_uuid(), 'MESSAGE',
      ${someone(0).id}::uuid, words.body
        || CASE WHEN n % 2 = 0 THEN ' often' ELSE '' END
        || CASE WHEN n % ${every}::int = 0 THEN ' rare' || lpad((n / ${every}::int % 100)::text, 3, '0') ELSE '' END,
      CASE WHEN n % 50 = 0 THEN '[]'::jsonb END,
      now() - (${messages}::int - n) * interval '1 second', 1 + n / ${rooms.length}::int, 2 + n / ${rooms.length}::int
    FROM generate_series(0, ${messages}::int - 1) AS n, LATERAL (
      SELECT string_agg('w' || floor(power(random(), 3) * 30000)::int, ' ') AS body FROM generate_series(1, 8 + n % 5)
    ) words`;
  await core.db.$executeRaw`
    UPDATE room SET last_seq = top.seq, last_message_seq = top.seq, message_count = top.seq - 1
    FROM (SELECT room_id, max(seq) AS seq FROM entry GROUP BY room_id) top WHERE top.room_id = room.id`;
  await core.db.$executeRawUnsafe('VACUUM ANALYZE entry');
  // Or the first searches wait for the disk to take all this.
  await core.db.$executeRawUnsafe('CHECKPOINT');
}

/** How long each of these searches took, in ms; `#` stands for another one of the rare words each time. */
async function timeSearches(person: number, text: string, times: number) {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const words = text.replace('#', `rare${String(time % 100).padStart(3, '0')}`);
    const started = performance.now();
    await searchMessages(core, someone(person), words, null, { first: 20 });
    took.push(performance.now() - started);
  }
  return took;
}

/** How long each of these pages took, in ms. */
async function timePages(room: string, request: { last?: number; before?: string }, times: number) {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const started = performance.now();
    await pageMessages(core, someone(0), room, request);
    took.push(performance.now() - started);
  }
  return took;
}

function countQueries() {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
    queries++;
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof query;
}
