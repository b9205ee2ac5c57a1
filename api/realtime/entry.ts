import { Prisma } from '../db/db.ts';
import type { Encryption, EntryKind, MemberRole } from '../db/model.ts';

/** A person as entries carry them: what everyone in the room may see. */
export interface Person {
  id: string;
  username: string;
  displayName: string;
  colour: number | null;
  createdAt: string;
}

/** A message in its newest state at the time of reading. */
export interface MessageState {
  id: string;
  roomId: string;
  seq: number;
  author: Person | null;
  encoding: Encryption;
  body: string | null;
  createdAt: string;
  editedAt: string | null;
  deletedAt: string | null;
}

/** One entry of a room's log, as plain JSON: it travels through the bus and is shared by all who read it. */
export interface LogEntry {
  roomId: string;
  seq: number;
  id: string;
  kind: EntryKind;
  at: string;
  actor: Person | null;
  subject: Person | null;
  detail: { name?: string | null; topic?: string; role?: MemberRole } | null;
  /** Present when the entry is about a message. */
  message: MessageState | null;
}

type Row = Record<string, unknown>;

/**
 * The SELECT that reads entries whole: from `entries` (a table or CTE named with the columns of entry), with the
 * message that an edit or deletion is about taken from `targets`.
 */
export const selectEntries = (entries: Prisma.Sql, targets = Prisma.sql`entry`) => Prisma.sql`
  SELECT e.room_id, e.seq, e.id, e.kind::text AS kind, e.detail, e.created_at, e.edited_at, e.deleted_at,
    e.encoding::text AS encoding, e.body,
    e.actor_id, a.username AS actor_username, a.display_name AS actor_name, a.colour AS actor_colour, a.created_at AS actor_since,
    e.subject_id, s.username AS subject_username, s.display_name AS subject_name, s.colour AS subject_colour, s.created_at AS subject_since,
    m.id AS message_id, m.seq AS message_seq, m.body AS message_body, m.encoding::text AS message_encoding,
    m.created_at AS message_created_at, m.edited_at AS message_edited_at, m.deleted_at AS message_deleted_at,
    w.id AS writer_id, w.username AS writer_username, w.display_name AS writer_name, w.colour AS writer_colour, w.created_at AS writer_since
  FROM ${entries} e
  LEFT JOIN "user" a ON a.id = e.actor_id
  LEFT JOIN "user" s ON s.id = e.subject_id
  LEFT JOIN ${targets} m ON m.id = e.target_id AND e.kind IN ('MESSAGE_EDITED', 'MESSAGE_DELETED')
  LEFT JOIN "user" w ON w.id = m.actor_id`;

/** A row of `selectEntries` as an entry. */
export function toEntry(row: Row): LogEntry {
  return {
    roomId: row.room_id as string,
    seq: row.seq as number,
    id: row.id as string,
    kind: row.kind as EntryKind,
    at: iso(row.created_at) as string,
    actor: person(row, 'actor'),
    subject: person(row, 'subject'),
    detail: row.detail as LogEntry['detail'],
    message: row.kind === 'MESSAGE' ? ownMessage(row) : aboutMessage(row),
  };
}

/** The entry with that person as they are now, or (null) with nobody in their place. The same one if it names others only. */
export function withPerson(entry: LogEntry, id: string, person: Person | null): LogEntry {
  const { actor, subject, message } = entry;
  if (![actor, subject, message?.author].some((named) => named?.id === id)) return entry;
  const now = (named: Person | null) => (named?.id === id ? person : named);
  const rewritten = message && { ...message, author: now(message.author) };
  return { ...entry, actor: now(actor), subject: now(subject), message: rewritten };
}

function ownMessage(row: Row): MessageState {
  return {
    id: row.id as string,
    roomId: row.room_id as string,
    seq: row.seq as number,
    author: person(row, 'actor'),
    encoding: row.encoding as Encryption,
    body: row.body as string | null,
    createdAt: iso(row.created_at) as string,
    editedAt: iso(row.edited_at),
    deletedAt: iso(row.deleted_at),
  };
}

function aboutMessage(row: Row): MessageState | null {
  if (!row.message_id) return null;
  return {
    id: row.message_id as string,
    roomId: row.room_id as string,
    seq: row.message_seq as number,
    author: person(row, 'writer'),
    encoding: row.message_encoding as Encryption,
    body: row.message_body as string | null,
    createdAt: iso(row.message_created_at) as string,
    editedAt: iso(row.message_edited_at),
    deletedAt: iso(row.message_deleted_at),
  };
}

function person(row: Row, prefix: string): Person | null {
  const id = row[`${prefix}_id`] as string | null;
  const username = row[`${prefix}_username`] as string | null;
  if (!id || !username) return null;
  return {
    id,
    username,
    displayName: row[`${prefix}_name`] as string,
    colour: row[`${prefix}_colour`] as number | null,
    createdAt: iso(row[`${prefix}_since`]) as string,
  };
}

const iso = (value: unknown) => (value instanceof Date ? value.toISOString() : null);
