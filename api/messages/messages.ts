import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError, notFound } from '../errors.ts';
import { removeFilesOf } from '../files/files.ts';
import { idOf, parse } from '../input.ts';
import type { MessageState } from '../realtime/entry.ts';
import { acting, appendChange, findEntries, type NewMessage, withRoom } from '../realtime/roomLog.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
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
  };
  await core.limits.take('messagesPer10Seconds', viewer.id);
  const entry = await sendTogether(core, room, message);
  return entry?.message ?? (await sentBefore(core, viewer, room, message));
}

/** Changes the text of one's own message. The same text again tells nobody anything. */
export async function editMessage(core: Core, viewer: Viewer, id: string, body: string): Promise<MessageState> {
  const text = parse(z.object({ body: Body }), { body }).body;
  const message = await ownMessage(core, viewer, id);
  await core.limits.take('messagesPer10Seconds', viewer.id);
  return change(
    core,
    viewer,
    message,
    'MESSAGE_EDITED',
    Prisma.sql`
    UPDATE entry e SET body = ${text}, edited_at = clock_timestamp(), changed_seq = head.seq FROM head, acting
    WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.actor_id = acting.user_id
      AND e.deleted_at IS NULL AND e.body IS DISTINCT FROM ${text}
    RETURNING e.*`,
  );
}

/** Deletes one's own message: its text and its files are gone from the server, a tombstone stays. Again, it changes nothing. */
export async function deleteMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const message = await ownMessage(core, viewer, id);
  const deleted = await change(
    core,
    viewer,
    message,
    'MESSAGE_DELETED',
    Prisma.sql`
    UPDATE entry e SET body = NULL, files = NULL, edited_at = NULL, deleted_at = clock_timestamp(), changed_seq = head.seq
    FROM head, acting
    WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.actor_id = acting.user_id AND e.deleted_at IS NULL
    RETURNING e.*`,
  );
  await removeFilesOf(core, deleted.id);
  return deleted;
}

/** A message by its id; NOT_FOUND unless the viewer is a member of its room. */
export async function getMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const [entry] = await findEntries(core.db, [idOf(id, 'Message')]);
  if (!entry?.message || entry.kind !== 'MESSAGE') throw notFound('Message');
  await getMembership(core, viewer, entry.roomId).catch((error) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound('Message') : error;
  });
  return entry.message;
}

const filesOf = (ids: string[] | null | undefined) => [...new Set(ids?.map((id) => idOf(id, 'File')))];

async function sentBefore(core: Core, viewer: Viewer, roomId: string, { id, replyTo, files }: NewMessage) {
  const [entry] = await findEntries(core.db, [id]);
  const same = entry?.roomId === roomId && entry.message?.author?.id === viewer.id && entry.kind === 'MESSAGE';
  if (same && entry.message) return entry.message;
  const { room } = await getMembership(core, viewer, roomId);
  if (room.encryption !== 'NONE') throw encrypted();
  if (entry) throw new AppError('CONFLICT', 'This id belongs to another message. Choose a new one.');
  throw notFound(files?.length ? 'File' : replyTo ? 'Message' : 'Room');
}

const encrypted = () =>
  new AppError('CONFLICT', 'This room is end-to-end encrypted: a message in plain text is not taken.', {
    reason: 'E2EE_REQUIRED',
  });

async function ownMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const message = await getMessage(core, viewer, id);
  if (message.author?.id !== viewer.id) throw new AppError('FORBIDDEN', 'Only its author can change a message.');
  return message;
}

async function change(
  core: Core,
  viewer: Viewer,
  { id, roomId }: MessageState,
  kind: 'MESSAGE_EDITED' | 'MESSAGE_DELETED',
  update: Prisma.Sql,
): Promise<MessageState> {
  const entry = await withRoom(core.db, roomId, (tx) =>
    appendChange(tx, {
      roomId,
      kind,
      actorId: viewer.id,
      targetId: id,
      changes: Prisma.sql`${acting(viewer.id)}, changed AS (${update})`,
      target: Prisma.sql`changed`,
    }),
  );
  if (entry?.message) {
    core.roomFeeds.announce([entry]);
    return entry.message;
  }
  const now = await ownMessage(core, viewer, id);
  if (kind === 'MESSAGE_EDITED' && now.deletedAt) throw new AppError('CONFLICT', 'This message was deleted.');
  return now;
}
