import { Prisma, type PrismaClient } from '../db/db.ts';
import { type LogEntry, NO_ENTRY, selectEntries, toEntry } from './entry.ts';
import { attaching } from './newMessages.ts';

/** What a device says in an encrypted room. Bytes are Base64. */
export interface NewSealed {
  id: string;
  actorId: string;
  /** Of the session that says it, which is bound to the device. */
  sessionId: string;
  kind: 'MESSAGE' | 'EVENT';
  generation: number;
  epoch: number;
  mls: string;
  body: string | null;
  /** Of an event: the own message with which its body goes. */
  targetId?: string | undefined;
  /** The files that it brings. */
  files?: string[] | undefined;
}

/**
 * Appends what devices say in one encrypted room, in one statement and in the order given, skipping ids that are taken,
 * whoever is no member, a session whose device is not in the group, another epoch than that of the group, everything
 * while a device waits to be removed, events about what is not the author's own message that stands, and files that the
 * author has not ready there. One's own message counts as read, with what is before it. Gives the entries that were added;
 * an id that is committed elsewhere meanwhile is a unique violation.
 */
export async function appendSealed(db: PrismaClient, roomId: string, items: NewSealed[]): Promise<LogEntry[]> {
  const column = <Name extends keyof NewSealed>(name: Name) => items.map((item) => item[name] ?? null);
  const files = attaching(items, true);
  const about = events(items);
  const rows = await db.$queryRaw<Record<string, unknown>[]>`/* prepared */
    WITH head AS MATERIALIZED (
      SELECT id, generation, group_epoch FROM room
      WHERE id = ${roomId}::uuid AND deleted_at IS NULL AND encryption = 'MLS' AND NOT removals_due FOR UPDATE
    ),
    allowed AS MATERIALIZED (
      SELECT m.user_id FROM head JOIN membership m ON m.room_id = head.id
      WHERE m.user_id = ANY(${column('actorId')}::uuid[]) AND m.left_seq IS NULL
      FOR NO KEY UPDATE OF m
    ),
    sender AS MATERIALIZED (
      SELECT s.id AS session_id, d.id AS device_id
      FROM head CROSS JOIN session s JOIN allowed ON allowed.user_id = s.user_id
      JOIN device d ON d.id = s.device_id AND d.revoked_at IS NULL
      JOIN group_device g ON g.room_id = head.id AND g.device_id = d.id
      WHERE s.id = ANY(${column('sessionId')}::uuid[]) AND s.revoked_at IS NULL
    ),
    ${about.found}
    ${files.wanted}
    fresh AS MATERIALIZED (
      SELECT t.id, t.actor_id, t.kind, t.target_id, t.mls, t.body, sender.device_id, head.generation, head.group_epoch,
        row_number() OVER (ORDER BY t.n)::int AS step,
        (count(*) FILTER (WHERE t.kind = 'MESSAGE') OVER (ORDER BY t.n))::int AS message_step
      FROM unnest(${column('id')}::uuid[], ${column('actorId')}::uuid[], ${column('sessionId')}::uuid[],
        ${column('kind')}::text[], ${column('generation')}::int[], ${column('epoch')}::int[], ${column('mls')}::text[],
        ${column('body')}::text[], ${column('targetId')}::uuid[])
        WITH ORDINALITY AS t(id, actor_id, session_id, kind, generation, epoch, mls, body, target_id, n)
      JOIN head ON head.generation = t.generation AND head.group_epoch = t.epoch
      JOIN sender ON sender.session_id = t.session_id
      ${files.joined}
      WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = t.id) AND ${about.stands}
    ),
    bumped AS (
      UPDATE room SET last_seq = room.last_seq + total.n, message_count = room.message_count + total.messages,
        last_message_seq = coalesce(room.last_seq + total.last_message, room.last_message_seq)
      FROM (
        SELECT count(*)::int AS n, coalesce(max(message_step), 0) AS messages,
          max(step) FILTER (WHERE kind = 'MESSAGE') AS last_message FROM fresh
      ) total
      WHERE room.id = ${roomId}::uuid AND total.n > 0
      RETURNING room.id, room.last_seq - total.n AS base, room.message_count - total.messages AS told,
        clock_timestamp() AS at
    ),
    marked AS (
      UPDATE membership m SET read_seq = bumped.base + own.step
      FROM bumped, (SELECT actor_id, max(step) AS step FROM fresh WHERE kind = 'MESSAGE' GROUP BY actor_id) own
      WHERE m.room_id = bumped.id AND m.user_id = own.actor_id
    ),
    added AS (
      INSERT INTO entry (room_id, seq, id, kind, actor_id, device_id, target_id, encoding, generation, group_epoch, mls,
        sealed, sealed_hash, created_at, ordinal, changed_seq)
      SELECT bumped.id, bumped.base + fresh.step, fresh.id, fresh.kind::"EntryKind", fresh.actor_id, fresh.device_id,
        fresh.target_id, 'MLS', fresh.generation, fresh.group_epoch, decode(fresh.mls, 'base64'),
        decode(fresh.body, 'base64'), sha256(decode(fresh.body, 'base64')), bumped.at,
        CASE WHEN fresh.kind = 'MESSAGE' THEN bumped.told + fresh.message_step END,
        CASE WHEN fresh.kind = 'MESSAGE' THEN bumped.base + fresh.step END
      FROM bumped, fresh
      ORDER BY fresh.id
      RETURNING *
    )
    ${files.attached}
    ${selectEntries(Prisma.sql`added`, { targets: NO_ENTRY, quotes: NO_ENTRY, mentions: NOBODY, fresh: true })}
    ORDER BY e.seq`;
  return rows.map(toEntry);
}

const NOBODY = Prisma.sql`NULL::json`;

// They are locked, so that they are as they stand now, not as they were before the statement waited for the room.
function events(items: NewSealed[]) {
  const targets = items.flatMap(({ targetId }) => targetId ?? []);
  if (targets.length === 0) return { found: Prisma.empty, stands: Prisma.sql`t.target_id IS NULL` };
  return {
    found: Prisma.sql`
      about AS MATERIALIZED (
        SELECT q.id, q.actor_id FROM head JOIN entry q ON q.room_id = head.id
        WHERE q.id = ANY(${targets}::uuid[]) AND q.kind = 'MESSAGE' AND q.deleted_at IS NULL
        FOR SHARE OF q
      ),`,
    stands: Prisma.sql`
      (t.target_id IS NULL OR EXISTS (SELECT 1 FROM about WHERE about.id = t.target_id AND about.actor_id = t.actor_id))`,
  };
}
