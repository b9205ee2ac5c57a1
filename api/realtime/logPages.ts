import { Prisma, type PrismaClient } from '../db/db.ts';
import type { EntryKind } from '../db/model.ts';
import { type LogEntry, type MessageState, selectEntries, toEntry } from './entry.ts';

const PAGE = 200;

/** A position that is after every entry. */
export const END = 2_147_483_647;

/** The entries after a position, in order, at most a page of them. */
export async function readEntries(db: PrismaClient, roomId: string, after: number, limit = PAGE): Promise<LogEntry[]> {
  const page = Prisma.sql`(
    SELECT * FROM entry WHERE room_id = ${roomId}::uuid AND seq > ${after} ORDER BY seq LIMIT ${limit}
  )`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(page)} ORDER BY e.seq`;
  return rows.map(toEntry);
}

/** As `readEntries`, but of what is sealed only as much as fits into so many bytes, one entry at least. */
export async function readLargeEntries(
  db: PrismaClient,
  roomId: string,
  after: number,
  { limit, bytes }: { limit: number; bytes: number },
): Promise<LogEntry[]> {
  const [fitting] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT sum(coalesce(octet_length(mls), 0) + coalesce(octet_length(sealed), 0)) OVER (ORDER BY seq) AS size
      FROM entry WHERE room_id = ${roomId}::uuid AND seq > ${after} ORDER BY seq LIMIT ${limit}
    ) page WHERE size <= ${bytes}`;
  return readEntries(db, roomId, after, Math.max(1, fitting?.n ?? 0));
}

/** Messages of a room between two positions (both exclusive), the nearest to the end that `newest` names first. */
export async function readMessages(
  db: PrismaClient,
  roomId: string,
  range: { after: number; before: number; limit: number; newest: boolean },
): Promise<LogEntry[]> {
  const order = range.newest ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  const page = messagesBetween(roomId, range);
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(page)} ORDER BY e.seq ${order}`;
  return rows.map(toEntry);
}

/** The newest messages of a room before a place, and the oldest from it on, in order: so many of each at most, and all after `from`. */
export async function readMessagesAround(
  db: PrismaClient,
  roomId: string,
  { place, from }: { place: number; from: number },
  limits: { before: number; after: number },
): Promise<LogEntry[]> {
  const before = messagesBetween(roomId, { after: from, before: place, limit: limits.before, newest: true });
  const after = messagesBetween(roomId, {
    after: Math.max(from, place - 1),
    before: END,
    limit: limits.after,
    newest: false,
  });
  const page = Prisma.sql`(SELECT * FROM ${before} b UNION ALL SELECT * FROM ${after} a)`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(page)} ORDER BY e.seq`;
  return rows.map(toEntry);
}

function messagesBetween(roomId: string, range: { after: number; before: number; limit: number; newest: boolean }) {
  return Prisma.sql`(
    SELECT * FROM entry
    WHERE room_id = ${roomId}::uuid AND kind = 'MESSAGE' AND seq > ${range.after} AND seq < ${range.before}
    ORDER BY seq ${range.newest ? Prisma.sql`DESC` : Prisma.sql`ASC`} LIMIT ${range.limit}
  )`;
}

const NOTICES: EntryKind[] = [
  ...(['ROOM_CREATED', 'ROOM_CHANGED', 'MEMBER_JOINED', 'MEMBER_LEFT', 'MEMBER_REMOVED', 'MEMBER_BANNED'] as const),
  ...(['MEMBER_UNBANNED', 'ROLE_CHANGED', 'OWNERSHIP_TRANSFERRED', 'MESSAGE_PINNED', 'MESSAGE_UNPINNED'] as const),
  ...(['ROOM_ENCRYPTED', 'GROUP_OPENED', 'DEVICE_REVOKED'] as const),
];

/** What happened in a room besides what was said, between two positions (both exclusive): the newest `limit`, in order. */
export async function readNotices(
  db: PrismaClient,
  roomId: string,
  { after, before, limit }: { after: number; before: number; limit: number },
): Promise<LogEntry[]> {
  const found = Prisma.sql`(
    SELECT * FROM entry
    WHERE room_id = ${roomId}::uuid AND kind = ANY(${NOTICES}::"EntryKind"[]) AND seq > ${after} AND seq < ${before}
    ORDER BY seq DESC LIMIT ${limit}
  )`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(found)} ORDER BY e.seq`;
  return rows.map(toEntry);
}

/** The newest message of each of these rooms, in one query. */
export async function readLastMessages(
  db: PrismaClient,
  rooms: { id: string; lastMessageSeq: number }[],
): Promise<LogEntry[]> {
  const [ids, seqs] = [rooms.map(({ id }) => id), rooms.map(({ lastMessageSeq }) => lastMessageSeq)];
  const found = Prisma.sql`(
    SELECT entry.* FROM unnest(${ids}::uuid[], ${seqs}::int[]) AS place(room_id, seq)
    JOIN entry ON entry.room_id = place.room_id AND entry.seq = place.seq
  )`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(found)}`;
  return rows.map(toEntry);
}

/** The messages among `entries`, a SELECT of whole rows of entry, in that order of `e`. */
export async function selectMessages(
  db: PrismaClient,
  entries: Prisma.Sql,
  order: Prisma.Sql,
): Promise<MessageState[]> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(entries)} ORDER BY ${order}`;
  return rows.flatMap((row) => toEntry(row).message ?? []);
}

/** The entries with these ids, wherever they are. */
export async function findEntries(db: Prisma.TransactionClient, ids: string[]): Promise<LogEntry[]> {
  const found = Prisma.sql`(SELECT * FROM entry WHERE id = ANY(${ids}::uuid[]))`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(found)}`;
  return rows.map(toEntry);
}

/** Where the message with this id stands in the room; null when it is not there. */
export async function seqOfMessage(db: PrismaClient, roomId: string, id: string): Promise<number | null> {
  const [found] = await db.$queryRaw<{ seq: number }[]>`
    SELECT seq FROM entry WHERE id = ${id}::uuid AND room_id = ${roomId}::uuid AND kind = 'MESSAGE'`;
  return found?.seq ?? null;
}
