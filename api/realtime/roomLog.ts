import { randomUUID } from 'node:crypto';
import { Prisma, type PrismaClient } from '../db/db.ts';
import type { EntryKind, MemberRole } from '../db/model.ts';
import { type LogEntry, type MessageState, NO_ENTRY, selectEntries, toEntry } from './entry.ts';
import { personJson } from './person.ts';

const PAGE = 200;

/** A position that is after every entry. */
export const END = 2_147_483_647;

export interface Change {
  roomId: string;
  kind: EntryKind;
  actorId: string;
  subject?: Prisma.Sql;
  targetId?: string;
  /** JSON as `LogEntry` has it; may use `bumped`, the room's row after the change. */
  detail?: Prisma.Sql;
  /**
   * CTEs of which one is named `changed`. They run under the lock of the room, may use `head` (id, kind, name, topic, and
   * seq: the position that this entry will have), and decide: if `changed` returns no row, nothing is appended. All but
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
      SELECT id, kind, name, topic, last_seq + 1 AS seq FROM room WHERE id = ${change.roomId}::uuid AND deleted_at IS NULL FOR UPDATE
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
  const rows = await db.$queryRaw<Record<string, unknown>[]>`
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
function attaching(messages: NewMessage[]) {
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
        WHERE f.id IN (SELECT file_id FROM wish) AND f.ready_at IS NOT NULL AND f.attached_at IS NULL
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

/** The entries after a position, in order, at most a page of them. */
export async function readEntries(db: PrismaClient, roomId: string, after: number, limit = PAGE): Promise<LogEntry[]> {
  const page = Prisma.sql`(
    SELECT * FROM entry WHERE room_id = ${roomId}::uuid AND seq > ${after} ORDER BY seq LIMIT ${limit}
  )`;
  const rows = await db.$queryRaw<Record<string, unknown>[]>`${selectEntries(page)} ORDER BY e.seq`;
  return rows.map(toEntry);
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

/** The newest messages of a room before a position, and the oldest from it on, in order: `limit` of each at most. */
export async function readMessagesAround(
  db: PrismaClient,
  roomId: string,
  position: number,
  limits: { before: number; after: number },
): Promise<LogEntry[]> {
  const before = messagesBetween(roomId, { after: 0, before: position, limit: limits.before, newest: true });
  const after = messagesBetween(roomId, { after: position - 1, before: END, limit: limits.after, newest: false });
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
export async function findEntries(db: PrismaClient, ids: string[]): Promise<LogEntry[]> {
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

export interface Position {
  roomId: string;
  seq: number;
  epoch: string;
}

/** Where the logs of these rooms end, and the epoch of the database that says so. */
export function readPositions(db: PrismaClient, roomIds: string[]): Promise<Position[]> {
  return db.$queryRaw<Position[]>`
    SELECT room.id AS "roomId", room.last_seq AS seq, instance.epoch
    FROM room CROSS JOIN instance WHERE room.id = ANY(${roomIds}::uuid[])`;
}

/** Of these positions, those that are not as the database has them, as it has them. */
export function readMoved(
  db: PrismaClient,
  known: { roomId: string; top: number; epoch: string }[],
): Promise<Position[]> {
  const [ids, tops] = [known.map(({ roomId }) => roomId), known.map(({ top }) => top)];
  const epochs = known.map(({ epoch }) => epoch);
  return db.$queryRaw<Position[]>`
    SELECT room.id AS "roomId", room.last_seq AS seq, instance.epoch
    FROM unnest(${ids}::uuid[], ${tops}::int[], ${epochs}::uuid[]) AS known(id, top, epoch)
    JOIN room ON room.id = known.id CROSS JOIN instance
    WHERE room.last_seq <> known.top OR instance.epoch <> known.epoch`;
}
