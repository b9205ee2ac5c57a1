import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { unreadColumns } from '../rooms/unread.ts';

/** How long a device counts as reading by itself after its socket was last seen. */
const LIVE = '12 seconds';
/** What is older is not told: whoever has waited that long looks by themselves. */
const STALE = '1 hour';

/** Where one browser is told, of which room, and what it needs for that. */
export interface Due {
  sessionId: string;
  userId: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  roomId: string;
  /** The newest message of the room. */
  seq: number;
}

// A device that has a socket open tells by itself.
const reachable = Prisma.sql`
  s.user_id = m.user_id AND (s.live_at IS NULL OR s.live_at < now() - ${LIVE}::interval)
  AND EXISTS (SELECT 1 FROM session o WHERE o.id = s.session_id AND o.revoked_at IS NULL AND o.expires_at > now())`;

// What the person wants to be told of: by the choice for the room, without those whom they block.
const wanted = Prisma.sql`
  e.room_id = m.room_id AND e.kind = 'MESSAGE' AND e.seq > m.read_seq AND e.deleted_at IS NULL
  AND e.actor_id IS DISTINCT FROM m.user_id
  AND e.created_at > greatest(now() - ${STALE}::interval, u.hushed_until)
  AND NOT EXISTS (SELECT 1 FROM block b WHERE b.blocker_id = m.user_id AND b.blocked_id = e.actor_id)
  AND (m.notify = 'ALL' OR r.kind = 'DIRECT' OR e.mentions_room OR EXISTS (
    SELECT 1 FROM mention n WHERE n.user_id = m.user_id AND n.room_id = e.room_id AND n.seq = e.seq))`;

/**
 * Takes what is to be told now of these rooms, or of all: of each room and person once until they have read it, and from
 * two nodes that ask at once only one is given it. One statement.
 */
export function claimDue({ db }: Core, roomIds: string[] | null): Promise<Due[]> {
  const those = roomIds ? Prisma.sql`m.room_id = ANY(${roomIds}::uuid[])` : Prisma.sql`true`;
  return db.$queryRaw<Due[]>`
    WITH due AS MATERIALIZED (
      SELECT m.room_id, m.user_id, r.last_message_seq AS seq
      FROM membership m JOIN room r ON r.id = m.room_id JOIN "user" u ON u.id = m.user_id
      WHERE ${those} AND m.user_id IN (SELECT user_id FROM push_subscription)
        AND m.left_seq IS NULL AND r.deleted_at IS NULL AND m.notify <> 'NOTHING'
        AND m.read_seq < r.last_message_seq AND m.pushed_seq <= m.read_seq
        AND (u.hushed_until IS NULL OR u.hushed_until <= now())
        AND EXISTS (SELECT 1 FROM entry e, push_subscription s WHERE ${wanted} AND ${reachable} AND s.created_at < e.created_at)
      FOR NO KEY UPDATE OF m SKIP LOCKED
    ),
    claimed AS (
      UPDATE membership m SET pushed_seq = due.seq FROM due
      WHERE m.room_id = due.room_id AND m.user_id = due.user_id AND m.pushed_seq <= m.read_seq
      RETURNING m.room_id, m.user_id, due.seq
    )
    SELECT s.session_id AS "sessionId", s.user_id AS "userId", s.endpoint, s.p256dh, s.auth, m.room_id AS "roomId", m.seq
    FROM claimed m JOIN push_subscription s ON ${reachable}`;
}

/** How much waits for each of these people, over all their rooms. */
export async function waitingFor({ db }: Core, userIds: string[]): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ userId: string; waiting: number }[]>`
    SELECT "userId", sum("mentionCount")::int AS waiting FROM (
      SELECT m.user_id AS "userId", ${unreadColumns}
      FROM membership m JOIN room r ON r.id = m.room_id AND r.deleted_at IS NULL
      WHERE m.user_id = ANY(${userIds}::uuid[]) AND m.left_seq IS NULL
    ) counted GROUP BY "userId"`;
  return new Map(rows.map(({ userId, waiting }) => [userId, waiting]));
}
