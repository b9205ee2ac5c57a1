import { Prisma } from '../db/db.ts';
import type { Encryption, EntryKind, MemberRole } from '../db/model.ts';
import { type Person, personAt, personColumns, personJson, personOfJson } from './person.ts';
import type { SentFile } from './sentFile.ts';

/** The message that another one replies to, in short. */
export interface Quote {
  id: string;
  seq: number;
  author: Person | null;
  integration: string | null;
  /** The beginning of its text; null once it was deleted. */
  body: string | null;
  files: SentFile[];
  createdAt: string;
  deletedAt: string | null;
}

/** Everyone who answered a message with one emoji. */
export interface ReactionState {
  emoji: string;
  count: number;
  /** Those who did it first. */
  users: Person[];
}

/** What a device has put into the log of an encrypted room. Bytes are Base64: the server understands none of them. */
export interface SealedState {
  /** Null once the device is gone. */
  deviceId: string | null;
  generation: number;
  /** Of a commit: the one that it ends. */
  epoch: number;
  mls: string;
  /** Null without one, and once the message was deleted that it is (about). */
  body: string | null;
}

/** A message in its newest state at the time of reading. */
export interface MessageState {
  id: string;
  roomId: string;
  seq: number;
  /** The position of the newest entry that changed it, its own at first: of two states the larger is the newer. */
  changedSeq: number;
  author: Person | null;
  /** What the webhook that posted it was called; such a message has no author. */
  integration: string | null;
  encoding: Encryption;
  body: string | null;
  /** In encrypted rooms, in place of the text. */
  sealed?: SealedState;
  replyTo: Quote | null;
  files: SentFile[];
  /** In the order in which each was first used. */
  reactions: ReactionState[];
  /** The members that it names. */
  mentions: Person[];
  mentionsRoom: boolean;
  pinnedAt: string | null;
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
  detail: Detail | null;
  /** Present when the entry is about a message. */
  message: MessageState | null;
  /** Of what devices say to each other in an encrypted room, and is no message. */
  sealed?: SealedState;
  /** The message that such a thing goes with when it goes. */
  targetId?: string | null;
}

interface Detail {
  name?: string | null;
  topic?: string;
  retentionDays?: number | null;
  /** Whether that is what changed. */
  retentionChanged?: boolean;
  role?: MemberRole;
  wasMember?: boolean;
  emoji?: string;
  /** Of MESSAGES_EXPIRED: the position up to which every message is gone. */
  upTo?: number;
  /** The device that was revoked. */
  deviceId?: string;
  /** Of a commit: whether a device let itself in by it, and the ids of devices. */
  external?: boolean;
  adds?: string[];
  removes?: string[];
}

/** What is known of an entry's surroundings without looking: tables or CTEs named with the columns of entry. */
interface Sources {
  /** Where the message that an entry is about is read from. */
  targets?: Prisma.Sql | undefined;
  /** Where the message that a message replies to is read from. */
  quotes?: Prisma.Sql | undefined;
  /** The people whom `message` names, as JSON: where the table of mentions is only being changed. */
  mentions?: Prisma.Sql | undefined;
  /** Without reactions: the messages are only being added. */
  fresh?: boolean;
}

type Row = Record<string, unknown>;

/** Whether it is the last of the log for the person whom it is about. */
export const isParting = ({ kind }: LogEntry) =>
  kind === 'MEMBER_LEFT' || kind === 'MEMBER_REMOVED' || kind === 'MEMBER_BANNED';

/** Whether it is the last of the log for one person, or for all. */
export const isLastForSomebody = (entry: LogEntry) => entry.kind === 'ROOM_DELETED' || isParting(entry);

/** What only encrypted rooms have in their logs: no client of plaintext knows what to do with it. */
export const isOfEncryption = ({ kind, message }: LogEntry) =>
  BETWEEN_DEVICES.includes(kind) ||
  kind === 'ROOM_ENCRYPTED' ||
  kind === 'DEVICE_REVOKED' ||
  message?.encoding === 'MLS';

const BETWEEN_DEVICES: EntryKind[] = ['EVENT', 'COMMIT', 'GROUP_OPENED'];

const QUOTED = 280;
const LISTED = 100;
const ENTRY = Prisma.sql`entry`;
const NOTHING = Prisma.sql`NULL::json`;
export const NO_ENTRY = Prisma.sql`(SELECT * FROM entry WHERE false)`;

// Of the message that an entry is or is about.
const MESSAGE_SEQ = Prisma.sql`CASE WHEN e.kind = 'MESSAGE' THEN e.seq ELSE m.seq END`;
const MENTIONS = Prisma.sql`(
  SELECT json_agg(${personJson('u')} ORDER BY u.username_key)
  FROM mention n JOIN "user" u ON u.id = n.user_id WHERE n.room_id = e.room_id AND n.seq = ${MESSAGE_SEQ}
)`;
const REACTIONS = Prisma.sql`(
  SELECT json_agg(json_build_object('emoji', r.emoji, 'count', r.count, 'users', r.users) ORDER BY r.first, r.emoji)
  FROM (
    SELECT n.emoji, count(*) AS count, min(n.created_at) AS first,
      to_json((array_agg(${personJson('u')} ORDER BY n.created_at, n.user_id))[1:${LISTED}::int]) AS users
    FROM reaction n JOIN "user" u ON u.id = n.user_id WHERE n.room_id = e.room_id AND n.seq = ${MESSAGE_SEQ}
    GROUP BY n.emoji
  ) r
)`;

/** The SELECT that reads entries whole: from `entries` (a table or CTE named with the columns of entry). */
export const selectEntries = (
  entries: Prisma.Sql,
  { targets = ENTRY, quotes = ENTRY, mentions = MENTIONS, fresh = false }: Sources = {},
) => Prisma.sql`
  SELECT e.room_id, e.kind::text AS kind, e.id AS entry_id, e.seq AS entry_seq, e.target_id AS entry_target_id, e.detail, e.created_at AS entry_at,
    ${messageColumns('e', 'own')}, ${messageColumns('m', 'about')},
    q.id AS quote_id, q.seq AS quote_seq, left(q.body, ${QUOTED}) AS quote_body, q.files AS quote_files,
    q.integration AS quote_integration,
    q.created_at AS quote_created_at, q.deleted_at AS quote_deleted_at, ${mentions} AS mentions, ${fresh ? NOTHING : REACTIONS} AS reactions,
    ${personColumns('a', 'actor')}, ${personColumns('s', 'subject')}, ${personColumns('w', 'writer')},
    ${personColumns('v', 'quoted')}
  FROM ${entries} e
  LEFT JOIN "user" a ON a.id = e.actor_id
  LEFT JOIN "user" s ON s.id = e.subject_id
  LEFT JOIN ${targets} m ON m.id = e.target_id AND e.kind NOT IN ('MESSAGE', 'EVENT')
  LEFT JOIN "user" w ON w.id = m.actor_id
  LEFT JOIN ${quotes} q ON q.id = CASE WHEN e.kind = 'MESSAGE' THEN e.target_id ELSE m.target_id END
  LEFT JOIN "user" v ON v.id = q.actor_id`;

/** A row of `selectEntries` as an entry. */
export function toEntry(row: Row): LogEntry {
  return {
    roomId: row.room_id as string,
    seq: row.entry_seq as number,
    id: row.entry_id as string,
    kind: row.kind as EntryKind,
    at: iso(row.entry_at) as string,
    actor: personAt(row, 'actor'),
    subject: personAt(row, 'subject'),
    detail: row.detail as LogEntry['detail'],
    message: row.kind === 'MESSAGE' ? messageAt(row, 'own', 'actor') : messageAt(row, 'about', 'writer'),
    ...(BETWEEN_DEVICES.includes(row.kind as EntryKind) && {
      sealed: sealedAt(row, 'own'),
      targetId: row.entry_target_id as string | null,
    }),
  };
}

/** The entry with that person as they are now, or (null) with nobody in their place. The same one if it names others only. */
export function withPerson(entry: LogEntry, id: string, person: Person | null): LogEntry {
  const { actor, subject, message } = entry;
  if (!peopleIn(entry).some((named) => named?.id === id)) return entry;
  const now = (named: Person | null) => (named?.id === id ? person : named);
  const replyTo = message?.replyTo && { ...message.replyTo, author: now(message.replyTo.author) };
  const those = (people: Person[]) => people.flatMap((named) => now(named) ?? []);
  const reactions = message?.reactions.map((reaction) => withoutGone(reaction, those(reaction.users)));
  const rewritten = message && {
    ...message,
    author: now(message.author),
    replyTo: replyTo ?? null,
    mentions: those(message.mentions),
    reactions: reactions?.filter(({ count }) => count > 0) ?? [],
  };
  return { ...entry, actor: now(actor), subject: now(subject), message: rewritten };
}

function peopleIn({ actor, subject, message }: LogEntry): (Person | null | undefined)[] {
  const answering = message?.reactions.flatMap(({ users }) => users) ?? [];
  return [actor, subject, message?.author, message?.replyTo?.author, ...(message?.mentions ?? []), ...answering];
}

const withoutGone = ({ emoji, count, users }: ReactionState, left: Person[]) => ({
  emoji,
  count: count - (users.length - left.length),
  users: left,
});

/** The message as those quote it that reply to it. */
export function toQuote({ id, seq, author, integration, body, files, createdAt, deletedAt }: MessageState): Quote {
  return {
    id,
    seq,
    author,
    integration,
    body: body && [...body].slice(0, QUOTED).join(''),
    files,
    createdAt,
    deletedAt,
  };
}

function messageColumns(table: string, prefix: string) {
  const names = [
    'id',
    'seq',
    'changed_seq',
    'body',
    'files',
    'integration',
    'created_at',
    'edited_at',
    'deleted_at',
    'mentions_room',
    'pinned_at',
    'device_id',
    'generation',
    'group_epoch',
    'mls',
    'sealed',
  ];
  const columns = names.map((name) => `${table}.${name} AS ${prefix}_${name}`);
  return Prisma.raw([...columns, `${table}.encoding::text AS ${prefix}_encoding`].join(', '));
}

function messageAt(row: Row, prefix: string, writer: string): MessageState | null {
  const of = (name: string) => row[`${prefix}_${name}`];
  if (!of('id')) return null;
  return {
    id: of('id') as string,
    roomId: row.room_id as string,
    seq: of('seq') as number,
    changedSeq: of('changed_seq') as number,
    author: personAt(row, writer),
    integration: of('integration') as string | null,
    encoding: of('encoding') as Encryption,
    body: of('body') as string | null,
    ...(of('encoding') === 'MLS' && { sealed: sealedAt(row, prefix) }),
    replyTo: quoteAt(row),
    files: (of('files') as SentFile[] | null) ?? [],
    reactions: of('deleted_at') ? [] : reactionsAt(row),
    mentions: of('deleted_at') ? [] : ((row.mentions as Person[] | null) ?? []).map(personOfJson),
    mentionsRoom: of('mentions_room') as boolean,
    pinnedAt: iso(of('pinned_at')),
    createdAt: iso(of('created_at')) as string,
    editedAt: iso(of('edited_at')),
    deletedAt: iso(of('deleted_at')),
  };
}

function sealedAt(row: Row, prefix: string): SealedState {
  const of = (name: string) => row[`${prefix}_${name}`];
  return {
    deviceId: of('device_id') as string | null,
    generation: of('generation') as number,
    epoch: of('group_epoch') as number,
    mls: base64(of('mls')) ?? '',
    body: base64(of('sealed')),
  };
}

function reactionsAt(row: Row): ReactionState[] {
  const reactions = (row.reactions as ReactionState[] | null) ?? [];
  return reactions.map((reaction) => ({ ...reaction, users: reaction.users.map(personOfJson) }));
}

function quoteAt(row: Row): Quote | null {
  if (!row.quote_id) return null;
  return {
    id: row.quote_id as string,
    seq: row.quote_seq as number,
    author: personAt(row, 'quoted'),
    integration: row.quote_integration as string | null,
    body: row.quote_body as string | null,
    files: (row.quote_files as SentFile[] | null) ?? [],
    createdAt: iso(row.quote_created_at) as string,
    deletedAt: iso(row.quote_deleted_at),
  };
}

const base64 = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : null);
const iso = (value: unknown) => (value instanceof Date ? value.toISOString() : null);
