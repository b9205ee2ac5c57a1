import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { removeFiles } from '../files/files.ts';
import { forgetMarks } from '../messages/messages.ts';
import { type LogEntry, NO_ENTRY, selectEntries, toEntry } from '../realtime/entry.ts';
import { END } from '../realtime/logPages.ts';
import { withRoom } from '../realtime/roomLog.ts';

/** How many messages one entry takes away: what holds the room for some milliseconds. */
export const AT_ONCE = 500;

/** Removes what the rooms of this server have kept for longer than they want to; gives how many entries tell of it. */
export async function expireMessages(core: Core, now = Date.now()): Promise<number> {
  const rooms = await core.db.room.findMany({
    where: { retentionDays: { not: null }, deletedAt: null },
    select: { id: true },
  });
  let entries = 0;
  for (const { id } of rooms) entries += await expireRoom(core, id, now).catch((error) => putOff(core, id, error));
  return entries;
}

// One room in which it fails is no reason for the others to keep what they have.
function putOff(core: Core, room: string, error: unknown): number {
  core.log.warn('housekeeping.failed', { room, error });
  return 0;
}

/**
 * Removes what a room has kept for longer than it wants to: texts, files, reactions, mentions and pins, of encrypted
 * messages what is sealed. Of each message the tombstone of a deleted one stays, so that the log has no hole and a retry
 * of an old send is still recognised. One entry (MESSAGES_EXPIRED, with the position up to which every message is gone)
 * tells of as many as were taken at once, the oldest first. Gives how many entries that took.
 */
export async function expireRoom(core: Core, roomId: string, now = Date.now()): Promise<number> {
  for (let entries = 0; ; entries++) {
    const entry = await withRoom(core.db, roomId, (db) => append(db, roomId, new Date(now)));
    if (!entry) return entries;
    core.roomFeeds.announce([entry]);
    await removeFilesUpTo(core, roomId, entry.detail?.upTo ?? 0);
  }
}

// The next messages are read along the index, without a join, or the planner would sort the whole room.
// Up to the first message that is not old enough: where a clock was put back, none goes too early.
async function append(db: Prisma.TransactionClient, roomId: string, now: Date): Promise<LogEntry | null> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>`
    WITH head AS MATERIALIZED (
      SELECT id, expired_seq, ${now}::timestamptz - make_interval(days => retention_days) AS since
      FROM room WHERE id = ${roomId}::uuid AND deleted_at IS NULL
    ),
    next AS MATERIALIZED (
      SELECT e.seq, e.created_at >= (SELECT since FROM head) AS stays FROM entry e
      WHERE e.room_id = ${roomId}::uuid AND e.kind = 'MESSAGE' AND e.seq > (SELECT expired_seq FROM head)
        AND (SELECT since FROM head) IS NOT NULL
      ORDER BY e.seq LIMIT ${AT_ONCE}
    ),
    due AS MATERIALIZED (
      SELECT seq FROM next WHERE seq < coalesce((SELECT min(seq) FROM next WHERE stays), ${END})
    ),
    bumped AS (
      UPDATE room SET last_seq = room.last_seq + 1, expired_seq = (SELECT max(seq) FROM due)
      WHERE room.id = ${roomId}::uuid AND EXISTS (SELECT 1 FROM due)
      RETURNING room.id, room.last_seq, room.expired_seq, clock_timestamp() AS at
    ),
    changed AS (
      UPDATE entry e SET body = NULL, files = NULL, sealed = NULL, edited_at = NULL, deleted_at = bumped.at,
        mentions_room = false, pinned_at = NULL, changed_seq = bumped.last_seq
      FROM bumped, due WHERE e.room_id = bumped.id AND e.seq = due.seq AND e.deleted_at IS NULL
      RETURNING e.*
    ),
    ${forgetMarks},
    added AS (
      INSERT INTO entry (room_id, seq, id, kind, detail, created_at)
      SELECT id, last_seq, gen_random_uuid(), 'MESSAGES_EXPIRED', jsonb_build_object('upTo', expired_seq), at FROM bumped
      RETURNING *
    )
    ${selectEntries(Prisma.sql`added`, { targets: NO_ENTRY, quotes: NO_ENTRY })}`;
  return rows[0] ? toEntry(rows[0]) : null;
}

async function removeFilesUpTo(core: Core, roomId: string, seq: number) {
  const where = { roomId, message: { seq: { lte: seq }, deletedAt: { not: null } } };
  await removeFiles(core, await core.db.file.findMany({ where, select: { id: true, begun: true } }));
}
