import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError, notFound } from '../errors.ts';
import { removeFilesOf } from '../files/files.ts';
import { idOf, parse } from '../input.ts';
import type { MessageState } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import type { NewMessage } from '../realtime/newMessages.ts';
import { personJson } from '../realtime/person.ts';
import { acting, appendChange } from '../realtime/roomLog.ts';
import { refuseEncrypted } from '../rooms/encrypted.ts';
import { getMembership, type Reading } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { mentionedNames } from './mentionedNames.ts';
import { changeMessage } from './messageChange.ts';
import { sendTogether } from './sendQueue.ts';

export const BODY_LIMIT = 8_000;

const MOST_FILES = 10;

const Text = z
  .string('Message is empty.')
  .refine((body) => body.length <= BODY_LIMIT, 'Message is too long.')
  .refine((body) => !body.includes('\0') && body.isWellFormed(), 'Message has characters that cannot be stored.');
const Body = Text.refine((body) => body.trim().length > 0, 'Message is empty.');
const Input = z
  .object({
    id: z.uuid('The id must be a UUID.').transform((id) => id.toLowerCase()),
    body: Text,
    replyTo: z.string().nullish(),
    files: z.array(z.string()).max(MOST_FILES, `A message has at most ${MOST_FILES} files.`).nullish(),
  })
  .refine(({ body, files }) => body.trim() || files?.length, { path: ['body'], error: 'Message is empty.' });

/**
 * Sends a message to a room of the viewer. Resolves after the commit. The same id from the same author in the same
 * room gives the same message, however often and wherever it is sent; any other use of that id is CONFLICT. A reply is
 * to a message that stands in the same room, and files are the viewer’s own, ready and for that room, NOT_FOUND
 * otherwise. With files the text may be empty.
 */
export async function sendMessage(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: z.input<typeof Input>,
): Promise<MessageState> {
  const { id, body, replyTo, files } = parse(Input, input);
  const room = idOf(roomId, 'Room');
  const message: NewMessage = {
    id,
    body,
    actorId: viewer.id,
    replyTo: replyTo == null ? undefined : idOf(replyTo, 'Message'),
    files: filesOf(files),
    ...mentionedNames(body),
  };
  await core.limits.take('messagesPer10Seconds', viewer.id, viewer);
  const entry = await sendTogether(core, room, message);
  return entry?.message ?? (await sentBefore(core, viewer, room, message));
}

/** In whose name a webhook posts, where, and what it is called. */
interface Hook {
  roomId: string;
  createdById: string;
  name: string;
}

/**
 * Posts a message of a webhook, which has no author but the webhook's name. The same id again gives the same message.
 * Null when who made the webhook does not manage the room any more.
 */
export async function postMessage(
  core: Core,
  hook: Hook,
  { id, body }: { id: string; body: unknown },
): Promise<MessageState | null> {
  const text = parse(z.object({ body: Body }), { body }).body;
  const message = { id, body: text, actorId: hook.createdById, integration: hook.name, ...mentionedNames(text) };
  const entry = await sendTogether(core, hook.roomId, message);
  if (entry?.message) return entry.message;
  const [before] = await findEntries(core.db, [id]);
  if (before?.roomId === hook.roomId && before.message?.integration != null) return before.message;
  refuseEncrypted(await core.db.room.findUniqueOrThrow({ where: { id: hook.roomId } }));
  return null;
}

/** Changes the text of one's own message, and whom it mentions. The same text again tells nobody anything. */
export async function editMessage(core: Core, viewer: Viewer, id: string, body: string): Promise<MessageState> {
  const text = parse(z.object({ body: Body }), { body }).body;
  const message = await editableMessage(core, viewer, id);
  await core.limits.take('messagesPer10Seconds', viewer.id, viewer);
  const { names, callsRoom } = mentionedNames(text);
  const changes = Prisma.sql`
    changed AS (
      UPDATE entry e SET body = ${text}, edited_at = clock_timestamp(), changed_seq = head.seq,
        mentions_room = ${callsRoom}::boolean AND acting.role <> 'MEMBER'
      FROM head, acting
      WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.actor_id = acting.user_id
        AND head.encryption = 'NONE' AND e.deleted_at IS NULL AND e.body IS DISTINCT FROM ${text}
      RETURNING e.*
    ),
    ${mentionAgain(names)}`;
  return change(core, viewer, message, {
    kind: 'MESSAGE_EDITED',
    changes,
    mentions: NAMED,
    unchanged: standingMessage,
  });
}

/**
 * Deletes one's own message, or, for owners and moderators, one that a webhook posted: its text and its files are gone
 * from the server, a tombstone stays. Again, it changes nothing.
 */
export async function deleteMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const message = await deletableMessage(core, viewer, id);
  const changes = Prisma.sql`
    changed AS (
      UPDATE entry e SET body = NULL, sealed = NULL, files = NULL, edited_at = NULL, deleted_at = clock_timestamp(),
        changed_seq = head.seq, mentions_room = false, pinned_at = NULL
      FROM head, acting
      WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.deleted_at IS NULL
        AND (e.actor_id = acting.user_id OR (e.integration IS NOT NULL AND acting.role <> 'MEMBER'))
      RETURNING e.*
    ),
    ${forgetMarks}`;
  const gone = await change(core, viewer, message, { kind: 'MESSAGE_DELETED', changes, unchanged: deletableMessage });
  await removeFilesOf(core, gone.id);
  return gone;
}

/** A message by its id; NOT_FOUND unless the viewer is a member of its room, and when the room keeps it no longer. */
export async function getMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  return (await findMessage(core, viewer, id)).message;
}

/** A message and the viewer's membership of its room; NOT_FOUND without one. */
export async function findMessage(core: Reading, viewer: Viewer, id: string) {
  const [entry] = await findEntries(core.db, [idOf(id, 'Message')]);
  if (!entry?.message || entry.kind !== 'MESSAGE') throw notFound('Message');
  const membership = await getMembership(core, viewer, entry.roomId).catch((error) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound('Message') : error;
  });
  if (entry.seq <= membership.room.expiredSeq) throw notFound('Message');
  return { message: entry.message, membership };
}

/**
 * CTEs that take back what stands out of the messages in `changed`, which were deleted, with what people answered, and
 * what was sealed about them.
 */
export const forgetMarks = Prisma.sql`
  unmentioned AS (DELETE FROM mention n USING changed WHERE n.room_id = changed.room_id AND n.seq = changed.seq),
  unanswered AS (DELETE FROM reaction n USING changed WHERE n.room_id = changed.room_id AND n.seq = changed.seq),
  untold AS (
    UPDATE entry n SET detail = NULL FROM changed
    WHERE n.room_id = changed.room_id AND n.kind IN ('REACTION_SET', 'REACTION_REMOVED') AND n.seq > changed.seq
      AND n.target_id = changed.id
  ),
  unsealed AS (
    UPDATE entry n SET sealed = NULL FROM changed
    WHERE n.room_id = changed.room_id AND n.kind = 'EVENT' AND n.seq > changed.seq AND n.target_id = changed.id
  )`;

// Whoever is named and is not a member is text.
const mentionAgain = (names: string[]) => Prisma.sql`
  named AS (
    SELECT u.* FROM acting, head JOIN membership m ON m.room_id = head.id AND m.left_seq IS NULL
    JOIN "user" u ON u.id = m.user_id
    WHERE u.username_key = ANY(${names}::text[]) AND u.id <> acting.user_id
  ),
  unmentioned AS (
    DELETE FROM mention n USING changed
    WHERE n.room_id = changed.room_id AND n.seq = changed.seq AND n.user_id NOT IN (SELECT id FROM named)
  ),
  mentioned AS (
    INSERT INTO mention (user_id, room_id, seq, created_at)
    SELECT named.id, changed.room_id, changed.seq, changed.created_at FROM changed, named ON CONFLICT DO NOTHING
  )`;
const NAMED = Prisma.sql`(SELECT json_agg(${personJson('named')} ORDER BY named.username_key) FROM named)`;

const filesOf = (ids: string[] | null | undefined) => [...new Set(ids?.map((id) => idOf(id, 'File')))];

async function sentBefore(core: Core, viewer: Viewer, roomId: string, { id, replyTo, files }: NewMessage) {
  const [entry] = await findEntries(core.db, [id]);
  const same = entry?.roomId === roomId && entry.message?.author?.id === viewer.id && entry.kind === 'MESSAGE';
  if (same && entry.message) return entry.message;
  const { room } = await getMembership(core, viewer, roomId);
  refuseEncrypted(room);
  if (entry) throw new AppError('CONFLICT', 'This id belongs to another message. Choose a new one.');
  throw notFound(files?.length ? 'File' : replyTo ? 'Message' : 'Room');
}

const notOwn = () => new AppError('FORBIDDEN', 'Only its author can change a message.');

async function editableMessage(core: Reading, viewer: Viewer, id: string): Promise<MessageState> {
  const { message, membership } = await findMessage(core, viewer, id);
  if (message.author?.id !== viewer.id) throw notOwn();
  refuseEncrypted(membership.room);
  return message;
}

async function standingMessage(core: Reading, viewer: Viewer, id: string): Promise<MessageState> {
  const message = await editableMessage(core, viewer, id);
  if (message.deletedAt) throw deleted();
  return message;
}

async function deletableMessage(core: Reading, viewer: Viewer, id: string): Promise<MessageState> {
  const { message, membership } = await findMessage(core, viewer, id);
  const isManaged = message.integration !== null && membership.role !== 'MEMBER';
  if (!isManaged && message.author?.id !== viewer.id) throw notOwn();
  return message;
}

interface MessageChange {
  kind: 'MESSAGE_EDITED' | 'MESSAGE_DELETED';
  changes: Prisma.Sql;
  mentions?: Prisma.Sql;
  /** What there is instead when nothing was changed, or why not. */
  unchanged: typeof standingMessage;
}

function change(
  core: Core,
  viewer: Viewer,
  { id, roomId }: MessageState,
  { changes, unchanged, ...what }: MessageChange,
): Promise<MessageState> {
  const change = {
    ...what,
    roomId,
    actorId: viewer.id,
    targetId: id,
    changes: Prisma.sql`${acting(viewer.id)}, ${changes}`,
    target: Prisma.sql`changed`,
  };
  return changeMessage(
    core,
    roomId,
    (db) => appendChange(db, change),
    (now) => unchanged(now, viewer, id),
  );
}

/** What is said of a message that was deleted meanwhile. */
export const deleted = () => new AppError('CONFLICT', 'This message was deleted.');
