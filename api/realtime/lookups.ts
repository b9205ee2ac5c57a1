import { setTimeout as sleep } from 'node:timers/promises';
import DataLoader from 'dataloader';
import type { PrismaClient } from '../db/db.ts';
import type { NotifyLevel } from '../db/model.ts';
import { Turns } from '../turns.ts';
import { type Position, readPositions } from './positions.ts';

/**
 * What every connection asks when it begins, gathered over all connections: one query answers everyone who asks while
 * the query before it is under way. Each answer was read after it was asked for. Ids are UUIDs.
 */
export interface Lookups {
  /** Whose session that is, while it stands; null for none. */
  sessionOwner(sessionId: string): Promise<string | null>;
  /** The membership that lasts; null when the person is not in the room, or the room is deleted. */
  place(roomId: string, userId: string): Promise<Place | null>;
  /** What the person keeps of the rooms that they are in, and the version under which that is so. */
  roomsOf(userId: string): Promise<KeptRooms>;
  /** How often the set of rooms of the person has changed; null for nobody. */
  roomsVersion(userId: string): Promise<number | null>;
  /** Where the log of the room ends; null for no room. */
  position(roomId: string): Promise<Position | null>;
}

/** Where the membership began, and whether it is of a direct room. */
export interface Place {
  joinedSeq: number;
  isDirect: boolean;
}

/** What a person keeps of a room. */
export interface Kept {
  roomId: string;
  joinedSeq: number;
  readSeq: number;
  notify: NotifyLevel;
}

export interface KeptRooms {
  kept: Kept[];
  version: number;
  /** Until when the person is hushed, or was. */
  hushedUntil: Date | null;
}

const AT_ONCE = 2;
/** Who is alone is answered at once; who comes within so many ms after another waits for company. */
const GATHERING = 25;
const LARGEST = 1_000;

export function openLookups(db: PrismaClient): Lookups {
  const sessionOwner = gathered((ids: string[]) => readOwners(db, ids));
  const place = gathered((pairs: Pair[]) => readMemberships(db, pairs));
  const roomsOf = gathered((ids: string[]) => readRooms(db, ids));
  const roomsVersion = gathered((ids: string[]) => readVersions(db, ids));
  const position = gathered((ids: string[]) => readEnds(db, ids));
  return {
    sessionOwner: (id) => sessionOwner.load(id),
    place: (roomId, userId) => place.load({ roomId, userId }),
    roomsOf: (userId) => roomsOf.load(userId),
    roomsVersion: (userId) => roomsVersion.load(userId),
    position: (roomId) => position.load(roomId),
  };
}

interface Pair {
  roomId: string;
  userId: string;
}

function gathered<Key, Value>(read: (keys: Key[]) => Promise<Value[]>): DataLoader<Key, Value> {
  const turns = new Turns(AT_ONCE, Number.POSITIVE_INFINITY, () => new Error('the queue has no end'));
  let reading: Promise<unknown> = Promise.resolve();
  const load = (keys: readonly Key[]) => {
    const values = read([...keys]);
    reading = values.catch(() => {}); // Whoever asked is told.
    return values;
  };
  let next = 0;
  const inTurn = (dispatch: () => void) =>
    turns.run(async () => {
      const early = next - performance.now();
      next = Math.max(next, performance.now()) + GATHERING;
      if (early > 0) await sleep(early);
      dispatch();
      await reading;
    });
  const batchScheduleFn = (dispatch: () => void) => void setImmediate(inTurn, dispatch);
  return new DataLoader(load, { cache: false, maxBatchSize: LARGEST, batchScheduleFn });
}

async function readOwners(db: PrismaClient, ids: string[]): Promise<(string | null)[]> {
  const rows = await db.$queryRaw<{ id: string; userId: string }[]>`
    SELECT id, user_id AS "userId" FROM session
    WHERE id = ANY(${ids}::uuid[]) AND revoked_at IS NULL AND expires_at > now()`;
  const owners = new Map(rows.map(({ id, userId }) => [id, userId]));
  return ids.map((id) => owners.get(id) ?? null);
}

async function readMemberships(db: PrismaClient, pairs: Pair[]): Promise<(Place | null)[]> {
  const [rooms, users] = [pairs.map(({ roomId }) => roomId), pairs.map(({ userId }) => userId)];
  const rows = await db.$queryRaw<(Place & { n: number })[]>`
    SELECT asked.n::int AS n, m.joined_seq AS "joinedSeq", room.kind = 'DIRECT' AS "isDirect"
    FROM unnest(${rooms}::uuid[], ${users}::uuid[]) WITH ORDINALITY AS asked(room_id, user_id, n)
    JOIN membership m ON m.room_id = asked.room_id AND m.user_id = asked.user_id AND m.left_seq IS NULL
    JOIN room ON room.id = m.room_id AND room.deleted_at IS NULL`;
  const found = new Map(rows.map(({ n, ...place }) => [n, place]));
  return pairs.map((_, index) => found.get(index + 1) ?? null);
}

async function readRooms(db: PrismaClient, ids: string[]): Promise<KeptRooms[]> {
  const rows = await db.$queryRaw<(Kept & { userId: string; version: number; hushedUntil: Date | null })[]>`
    SELECT u.id AS "userId", u.rooms_version AS version, u.hushed_until AS "hushedUntil", m.room_id AS "roomId", m.joined_seq AS "joinedSeq",
      m.read_seq AS "readSeq", m.notify::text AS notify
    FROM "user" u
    LEFT JOIN (membership m JOIN room ON room.id = m.room_id AND room.deleted_at IS NULL)
      ON m.user_id = u.id AND m.left_seq IS NULL
    WHERE u.id = ANY(${ids}::uuid[])`;
  const people = new Map<string, KeptRooms>(ids.map((id) => [id, { kept: [], version: 0, hushedUntil: null }]));
  for (const { userId, version, hushedUntil, ...room } of rows) {
    const person = people.get(userId) as KeptRooms;
    Object.assign(person, { version, hushedUntil });
    if (room.roomId) person.kept.push(room);
  }
  return ids.map((id) => people.get(id) as KeptRooms);
}

async function readVersions(db: PrismaClient, ids: string[]): Promise<(number | null)[]> {
  const rows = await db.$queryRaw<{ id: string; version: number }[]>`
    SELECT id, rooms_version AS version FROM "user" WHERE id = ANY(${ids}::uuid[])`;
  const versions = new Map(rows.map(({ id, version }) => [id, version]));
  return ids.map((id) => versions.get(id) ?? null);
}

async function readEnds(db: PrismaClient, ids: string[]): Promise<(Position | null)[]> {
  const positions = new Map((await readPositions(db, ids)).map((position) => [position.roomId, position]));
  return ids.map((id) => positions.get(id) ?? null);
}
