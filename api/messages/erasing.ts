import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { selectEntries, toEntry } from '../realtime/entry.ts';
import { withRoom } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';
import { forgetMarks } from './messages.ts';

const AT_ONCE = 500;

/** Deletes every message of the viewer, in every room they were ever in, each with its entry; gives their number. */
export async function eraseMessages(core: Core, viewer: Viewer): Promise<number> {
  const rooms = await core.db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT room_id AS id FROM entry
    WHERE actor_id = ${viewer.id}::uuid AND kind = 'MESSAGE' AND deleted_at IS NULL`;
  let erased = 0;
  for (const { id } of rooms) {
    for (let count = AT_ONCE; count === AT_ONCE; erased += count) count = await eraseSome(core, viewer, id);
  }
  return erased;
}

async function eraseSome(core: Core, viewer: Viewer, roomId: string): Promise<number> {
  const entries = await withRoom(core.db, roomId, (db) => append(db, viewer, roomId));
  core.roomFeeds.announce(entries);
  return entries.length;
}

async function append(db: Prisma.TransactionClient, viewer: Viewer, roomId: string): Promise<LogEntry[]> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>`
    WITH own AS MATERIALIZED (
      SELECT id, seq, row_number() OVER (ORDER BY seq)::int AS step FROM (
        SELECT id, seq FROM entry
        WHERE actor_id = ${viewer.id}::uuid AND room_id = ${roomId}::uuid AND kind = 'MESSAGE' AND deleted_at IS NULL
        ORDER BY seq LIMIT ${AT_ONCE}
      ) taken
    ),
    bumped AS (
      UPDATE room SET last_seq = room.last_seq + total.n FROM (SELECT count(*)::int AS n FROM own) total
      WHERE room.id = ${roomId}::uuid AND total.n > 0
      RETURNING room.id, room.last_seq - total.n AS base
    ),
    changed AS (
      UPDATE entry e SET body = NULL, sealed = NULL, files = NULL, edited_at = NULL, deleted_at = clock_timestamp(),
        mentions_room = false, pinned_at = NULL, changed_seq = bumped.base + own.step
      FROM bumped, own WHERE e.id = own.id
      RETURNING e.*
    ),
    ${forgetMarks},
    added AS (
      INSERT INTO entry (room_id, seq, id, kind, actor_id, target_id, created_at)
      SELECT bumped.id, bumped.base + own.step, gen_random_uuid(), 'MESSAGE_DELETED', ${viewer.id}::uuid, own.id,
        clock_timestamp()
      FROM bumped, own
      RETURNING *
    )
    ${selectEntries(Prisma.sql`added`, { targets: Prisma.sql`changed` })} ORDER BY e.seq`;
  return rows.map(toEntry);
}
