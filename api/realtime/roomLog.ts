import { randomUUID } from 'node:crypto';
import { Prisma, type PrismaClient } from '../db/db.ts';
import type { EntryKind, MemberRole } from '../db/model.ts';
import { type LogEntry, selectEntries, toEntry } from './entry.ts';

export interface Change {
  roomId: string;
  kind: EntryKind;
  actorId: string;
  subject?: Prisma.Sql;
  targetId?: string;
  /** JSON as `LogEntry` has it; may use `bumped`, the room's row after the change. */
  detail?: Prisma.Sql;
  /**
   * CTEs of which one is named `changed`. They run under the lock of the room, may use `head` (id, kind, name, topic,
   * encryption, and seq: the position that this entry will have), and decide: if `changed` returns no row, nothing is appended. All but
   * `head` and the rows that they lock or change are as of the beginning of the statement, before it waited for the room.
   */
  changes: Prisma.Sql;
  /** What else changes in the room's own row, as the tail of a SET list. */
  alsoSet?: Prisma.Sql;
  /** Where the changed message is read from, when `changed` returns one. */
  target?: Prisma.Sql;
  /** Whom it names now, as JSON, when that changes with it. */
  mentions?: Prisma.Sql;
}

/**
 * Appends one entry and makes the change that it tells of, in one statement: seq is the room's next, and a refused
 * change takes no number. Null when the change did not apply. Rows are always locked in the order room, membership,
 * message, user, so that no two appends wait for each other.
 */
export async function appendChange(db: Prisma.TransactionClient, change: Change): Promise<LogEntry | null> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>`
    WITH head AS MATERIALIZED (
      SELECT id, kind, name, topic, encryption, last_seq + 1 AS seq FROM room WHERE id = ${change.roomId}::uuid AND deleted_at IS NULL FOR UPDATE
    ),
    ${change.changes},
    bumped AS (
      UPDATE room SET last_seq = head.seq ${change.alsoSet ?? Prisma.empty} FROM head
      WHERE room.id = head.id AND EXISTS (SELECT 1 FROM changed)
      RETURNING room.*
    ),
    added AS (
      INSERT INTO entry (room_id, seq, id, kind, actor_id, subject_id, target_id, detail, created_at)
      SELECT id, last_seq, ${randomUUID()}::uuid, ${change.kind}::"EntryKind", ${change.actorId}::uuid,
        ${change.subject ?? Prisma.sql`NULL`}::uuid, ${change.targetId ?? null}::uuid, ${change.detail ?? Prisma.sql`NULL`}::jsonb, clock_timestamp()
      FROM bumped
      RETURNING *
    )
    ${selectEntries(Prisma.sql`added`, { targets: change.target, mentions: change.mentions })}`;
  return rows[0] ? toEntry(rows[0]) : null;
}

/**
 * Runs `append` while nobody else changes the room: each of its statements sees all that came before in the log. For
 * changes that depend on more rows than the room's own and those that they lock.
 */
export function withRoom<Result>(
  db: PrismaClient,
  roomId: string,
  append: (tx: Prisma.TransactionClient) => Promise<Result>,
): Promise<Result> {
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM room WHERE id = ${roomId}::uuid FOR UPDATE`;
    return append(tx);
  });
}

/** The CTE `acting`: the person's membership if it lasts and has one of the roles, held until the statement ends. */
export const acting = (userId: string, roles: MemberRole[] = ['OWNER', 'MODERATOR', 'MEMBER']) => Prisma.sql`
  acting AS MATERIALIZED (
    SELECT m.user_id, m.role FROM head JOIN membership m ON m.room_id = head.id
    WHERE m.user_id = ${userId}::uuid AND m.left_seq IS NULL AND m.role::text = ANY(${roles})
    FOR SHARE OF m
  )`;

/** The UPDATE that counts a change in the rooms of these people; locks them in the order of their ids, as all do. */
export const noteRooms = (userIds: Prisma.Sql) => Prisma.sql`
  UPDATE "user" SET rooms_version = rooms_version + 1
  WHERE id IN (SELECT id FROM "user" WHERE id IN (${userIds}) ORDER BY id FOR NO KEY UPDATE)`;

/** The CTE `noted`: counts the change in the rooms of everyone whom `changed` names. */
export const noted = Prisma.sql`noted AS (${noteRooms(Prisma.sql`SELECT user_id FROM changed`)})`;
