import { Prisma, type PrismaClient } from '../db/db.ts';
import { type LogEntry, NO_ENTRY, selectEntries, toEntry } from './entry.ts';
import { personJson } from './person.ts';

export interface NewMessage {
  id: string;
  actorId: string;
  body: string;
  /** The message that it replies to. */
  replyTo?: string | undefined;
  /** The files that it brings, in order. */
  files?: string[] | undefined;
  /** The keys of the names in it. */
  names: string[];
  /** Whether it calls everyone: that of an owner or moderator does. */
  callsRoom: boolean;
  /** Of a webhook: what it is called. The actor, in whose name it posts, manages the room and is not the author. */
  integration?: string | undefined;
}

/**
 * Appends the messages of members to one room in one statement, in the order given, skipping ids that are taken,
 * authors that are not members (or, of webhooks, do not manage the room), replies to what does not stand in the room and files that the author has not ready there. One's own message counts as read, with
 * what is before it. Gives the entries that were added. They are written in the order of their ids, so that no two
 * rooms wait for each other's; an id that is committed elsewhere meanwhile is a unique violation.
 */
export async function appendMessages(db: PrismaClient, roomId: string, messages: NewMessage[]): Promise<LogEntry[]> {
  const [ids, actors, bodies, integrations] = [
    messages.map((m) => m.id),
    messages.map((m) => m.actorId),
    messages.map((m) => m.body),
    messages.map((m) => m.integration ?? null),
  ];
  const replies = quoting(messages);
  const files = attaching(messages);
  const mentions = mentioning(roomId, messages);
  const rows = await db.$queryRaw<Record<string, unknown>[]>`/* prepared */
    WITH head AS MATERIALIZED (
      SELECT id FROM room WHERE id = ${roomId}::uuid AND deleted_at IS NULL AND encryption = 'NONE' FOR UPDATE
    ),
    allowed AS MATERIALIZED (
      SELECT m.user_id, m.role FROM head JOIN membership m ON m.room_id = head.id
      WHERE m.user_id = ANY(${actors}::uuid[]) AND m.left_seq IS NULL
      FOR NO KEY UPDATE OF m
    ),
    ${replies.quoted}
    ${files.wanted}
    fresh AS MATERIALIZED (
      SELECT t.id, t.actor_id, t.body, t.integration, ${replies.target} AS target_id, ${files.list} AS files,
        row_number() OVER (ORDER BY t.n)::int AS step
      FROM unnest(${ids}::uuid[], ${actors}::uuid[], ${bodies}::text[], ${integrations}::text[])
        WITH ORDINALITY AS t(id, actor_id, body, integration, n)
      ${replies.joined}
      ${files.joined}
      WHERE t.actor_id IN (SELECT user_id FROM allowed WHERE t.integration IS NULL OR role <> 'MEMBER') AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.id = t.id)
    ),
    bumped AS (
      UPDATE room SET last_seq = room.last_seq + total.n, last_message_seq = room.last_seq + total.n,
        message_count = room.message_count + total.n
      FROM (SELECT count(*)::int AS n FROM fresh) total
      WHERE room.id = ${roomId}::uuid AND total.n > 0
      RETURNING room.id, room.last_seq - total.n AS base, room.message_count - total.n AS told, clock_timestamp() AS at
    ),
    marked AS (
      UPDATE membership m SET read_seq = bumped.base + own.step
      FROM bumped, (
        SELECT actor_id, max(step) AS step FROM fresh WHERE integration IS NULL GROUP BY actor_id
      ) own
      WHERE m.room_id = bumped.id AND m.user_id = own.actor_id
    ),
    ${mentions.inserted}
    added AS (
      INSERT INTO entry
        (room_id, seq, id, kind, actor_id, integration, target_id, body, files, created_at, ordinal, changed_seq,
        mentions_room)
      SELECT bumped.id, bumped.base + fresh.step, fresh.id, 'MESSAGE',
        CASE WHEN fresh.integration IS NULL THEN fresh.actor_id END, fresh.integration, fresh.target_id, fresh.body, fresh.files, bumped.at, bumped.told + fresh.step, bumped.base + fresh.step, ${mentions.everyone}
      FROM bumped, fresh
      ORDER BY fresh.id
      RETURNING *
    )
    ${files.attached}
    ${selectEntries(Prisma.sql`added`, { targets: NO_ENTRY, quotes: replies.source, mentions: mentions.people, fresh: true })}
    ORDER BY e.seq`;
  return rows.map(toEntry);
}

// The quoted are locked, so that they are as they stand now, not as they were before the statement waited for the room.
function quoting(messages: NewMessage[]) {
  const replies = messages.filter(({ replyTo }) => replyTo);
  const nothing = { quoted: Prisma.empty, joined: Prisma.empty, target: Prisma.sql`NULL::uuid`, source: NO_ENTRY };
  if (replies.length === 0) return nothing;
  const [ids, targets] = [replies.map(({ id }) => id), replies.map(({ replyTo }) => replyTo)];
  return {
    quoted: Prisma.sql`
      quoted AS MATERIALIZED (
        SELECT q.* FROM head JOIN entry q ON q.room_id = head.id
        WHERE q.id = ANY(${targets}::uuid[]) AND q.kind = 'MESSAGE' AND q.deleted_at IS NULL
        FOR SHARE OF q
      ),`,
    joined: Prisma.sql`
      LEFT JOIN unnest(${ids}::uuid[], ${targets}::uuid[]) AS reply(id, target_id) ON reply.id = t.id
      JOIN (SELECT id FROM quoted UNION ALL SELECT NULL) found ON found.id IS NOT DISTINCT FROM reply.target_id`,
    target: Prisma.sql`reply.target_id`,
    source: Prisma.sql`quoted`,
  };
}

// A file is sent once: it is locked until the message that takes it is there, and what people see of it stands in that.
export function attaching(messages: Pick<NewMessage, 'id' | 'actorId' | 'files'>[], sealed = false) {
  const wishes = messages.flatMap(({ id, actorId, files = [] }) => files.map((file, n) => ({ id, actorId, file, n })));
  const nothing = { wanted: Prisma.empty, joined: Prisma.empty, list: Prisma.sql`NULL::jsonb`, attached: Prisma.empty };
  if (wishes.length === 0) return nothing;
  const column = (name: keyof (typeof wishes)[number]) => wishes.map((wish) => wish[name]);
  return {
    wanted: Prisma.sql`
      wish AS MATERIALIZED (
        SELECT * FROM unnest(${column('id')}::uuid[], ${column('actorId')}::uuid[], ${column('file')}::uuid[], ${column('n')}::int[])
          AS w(id, actor_id, file_id, place)
      ),
      ready AS MATERIALIZED (
        SELECT f.* FROM head JOIN file f ON f.room_id = head.id
        WHERE f.id IN (SELECT file_id FROM wish) AND f.ready_at IS NOT NULL AND f.attached_at IS NULL AND f.sealed = ${sealed}
        FOR NO KEY UPDATE OF f
      ),
      brought AS MATERIALIZED (
        SELECT w.id, count(f.id) = count(*) AS complete, jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name,
          'type', f.type, 'size', f.size, 'width', f.width, 'height', f.height, 'sha256', encode(f.sha256, 'hex'),
          'placeholder', encode(f.placeholder, 'base64')) ORDER BY w.place) AS files
        FROM wish w LEFT JOIN ready f ON f.id = w.file_id AND f.owner_id = w.actor_id GROUP BY w.id
      ),`,
    joined: Prisma.sql`
      LEFT JOIN brought ON brought.id = t.id
      JOIN (VALUES (true)) whole(complete) ON coalesce(brought.complete, true)`,
    list: Prisma.sql`brought.files`,
    attached: Prisma.sql`,
      attached AS (
        UPDATE file SET attached_at = added.created_at, message_id = added.id, place = w.place
        FROM added, wish w WHERE w.id = added.id AND file.id = w.file_id
      )`,
  };
}

// Whoever is named and is not a member is text.
function mentioning(roomId: string, messages: NewMessage[]) {
  const calling = messages.filter(({ callsRoom }) => callsRoom).map(({ id }) => id);
  const everyone =
    calling.length === 0
      ? Prisma.sql`false`
      : Prisma.sql`fresh.id = ANY(${calling}::uuid[]) AND EXISTS (
          SELECT 1 FROM allowed WHERE allowed.user_id = fresh.actor_id AND allowed.role <> 'MEMBER')`;
  const named = messages.flatMap(({ id, names }) => names.map((name) => ({ id, name })));
  if (named.length === 0) return { inserted: Prisma.empty, everyone, people: Prisma.sql`NULL::json` };
  const [ids, names] = [named.map(({ id }) => id), named.map(({ name }) => name)];
  return {
    inserted: Prisma.sql`
      named AS MATERIALIZED (
        SELECT fresh.id AS message_id, fresh.step, u.*
        FROM unnest(${ids}::uuid[], ${names}::text[]) AS said(message_id, name)
        JOIN fresh ON fresh.id = said.message_id
        JOIN "user" u ON u.username_key = said.name AND (u.id <> fresh.actor_id OR fresh.integration IS NOT NULL)
        JOIN membership m ON m.room_id = ${roomId}::uuid AND m.user_id = u.id AND m.left_seq IS NULL
      ),
      mentioned AS (
        INSERT INTO mention (user_id, room_id, seq, created_at)
        SELECT named.id, bumped.id, bumped.base + named.step, bumped.at FROM bumped, named
      ),`,
    everyone,
    people: Prisma.sql`(
      SELECT json_agg(${personJson('named')} ORDER BY named.username_key) FROM named WHERE named.message_id = e.id
    )`,
  };
}
