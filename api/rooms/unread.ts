import { Prisma } from '../db/db.ts';

// What a room keeps no longer is not unread.
const read = Prisma.sql`greatest(m.read_seq, r.expired_seq)`;

/**
 * How many messages of others stand after the read position of `m`, a membership, in `r`, its room. What lies between
 * two positions is the difference of their ordinals: only what was deleted and what the reader wrote is counted, by index.
 */
const unread = Prisma.sql`
  CASE WHEN ${read} >= r.last_message_seq THEN 0 ELSE
    r.message_count
    - coalesce((
        SELECT e.ordinal FROM entry e WHERE e.room_id = r.id AND e.kind = 'MESSAGE' AND e.seq <= ${read}
        ORDER BY e.seq DESC LIMIT 1), 0)
    - (SELECT count(*)::int FROM entry e WHERE e.room_id = r.id AND e.seq > ${read} AND e.deleted_at IS NOT NULL)
    - (SELECT count(*)::int FROM entry e WHERE e.actor_id = m.user_id AND e.room_id = r.id AND e.seq > ${read}
        AND e.kind = 'MESSAGE' AND e.deleted_at IS NULL)
  END`;

/** What a person whom they block says is not for them: `said` is an entry. */
const byBlocked = (said: string) => Prisma.sql`EXISTS (
  SELECT 1 FROM block b WHERE b.blocker_id = m.user_id AND b.blocked_id = ${Prisma.raw(said)}.actor_id)`;

const mentions = Prisma.sql`
  CASE WHEN ${read} >= r.last_message_seq THEN 0 WHEN r.kind = 'DIRECT' THEN ${unread} ELSE
    (SELECT count(*)::int FROM mention n JOIN entry e ON e.room_id = n.room_id AND e.seq = n.seq
      WHERE n.user_id = m.user_id AND n.room_id = r.id AND n.seq > ${read} AND NOT ${byBlocked('e')})
    + (SELECT count(*)::int FROM entry e WHERE e.room_id = r.id AND e.seq > ${read} AND e.mentions_room
        AND e.actor_id IS DISTINCT FROM m.user_id AND NOT ${byBlocked('e')} AND NOT EXISTS (
          SELECT 1 FROM mention n WHERE n.user_id = m.user_id AND n.room_id = r.id AND n.seq = e.seq))
  END`;

/** The counts of a membership `m` of a room `r` that are read with it. */
export const unreadColumns = Prisma.sql`
  coalesce(${unread}, 0) AS "unreadCount", coalesce(${mentions}, 0) AS "mentionCount"`;
