import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import type { LogEntry, MessageState } from '../realtime/entry.ts';
import { acting, appendChange, findEntries, readMessages } from '../realtime/roomLog.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { sendTogether } from './sendQueue.ts';

export const BODY_LIMIT = 8_000;

const Body = z
  .string('Message is empty.')
  .refine((body) => body.trim().length > 0, 'Message is empty.')
  .refine((body) => body.length <= BODY_LIMIT, 'Message is too long.')
  .refine((body) => !body.includes('\0') && body.isWellFormed(), 'Message has characters that cannot be stored.');
const NewMessage = z.object({ id: z.uuid('The id must be a UUID.').transform((id) => id.toLowerCase()), body: Body });

/**
 * Sends a message to a room of the viewer. Resolves after the commit. The same id from the same author in the same
 * room gives the same message, however often and wherever it is sent; any other use of that id is CONFLICT.
 */
export async function sendMessage(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: z.input<typeof NewMessage>,
): Promise<MessageState> {
  const message = parse(NewMessage, input);
  const room = idOf(roomId, 'Room');
  await core.limits.take('messagesPer10Seconds', viewer.id);
  const entry = await sendTogether(core, room, { ...message, actorId: viewer.id });
  return entry?.message ?? (await sentBefore(core, viewer, room, message.id));
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
    UPDATE entry e SET body = ${text}, edited_at = clock_timestamp() FROM head, acting
    WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.actor_id = acting.user_id
      AND e.deleted_at IS NULL AND e.body IS DISTINCT FROM ${text}
    RETURNING e.*`,
  );
}

/** Deletes one's own message: its text is gone from the database, a tombstone stays. Again, it changes nothing. */
export async function deleteMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const message = await ownMessage(core, viewer, id);
  return change(
    core,
    viewer,
    message,
    'MESSAGE_DELETED',
    Prisma.sql`
    UPDATE entry e SET body = NULL, edited_at = NULL, deleted_at = clock_timestamp() FROM head, acting
    WHERE e.id = ${message.id}::uuid AND e.room_id = head.id AND e.actor_id = acting.user_id AND e.deleted_at IS NULL
    RETURNING e.*`,
  );
}

/**
 * A page of messages, oldest first: the `first` after a position, or the `last` (50 if neither is given) before one.
 * At most 100. NOT_FOUND unless the viewer is a member.
 */
export async function pageMessages(
  core: Core,
  viewer: Viewer,
  roomId: string,
  request: PageRequest,
): Promise<Page<MessageState>> {
  const room = await getMembership(core, viewer, roomId);
  return readPage(request, 'last', async ({ after, before, limit, backwards }) => {
    const range = { after: position(after, 0), before: position(before, END), limit, newest: backwards };
    const entries = await readMessages(core.db, room.roomId, range);
    return entries.flatMap((entry) => entry.message ?? []);
  });
}

/** The newest message of each of these rooms, in one query. */
export async function lastMessages(
  core: Core,
  rooms: { id: string; lastMessageSeq: number }[],
): Promise<Map<string, LogEntry>> {
  const talked = rooms.filter((room) => room.lastMessageSeq > 0);
  if (talked.length === 0) return new Map();
  const places = Prisma.join(talked.map((room) => Prisma.sql`(${room.id}::uuid, ${room.lastMessageSeq}::int)`));
  const ids = await core.db.$queryRaw<{ id: string }[]>`SELECT id FROM entry WHERE (room_id, seq) IN (${places})`;
  const entries = await findEntries(
    core.db,
    ids.map(({ id }) => id),
  );
  return new Map(entries.map((entry) => [entry.roomId, entry]));
}

const END = 2_147_483_647;

function position(cursor: string | null | undefined, otherwise: number): number {
  if (cursor == null) return otherwise;
  if (!/^\d{1,10}$/.test(cursor))
    throw new AppError('INVALID_INPUT', 'A cursor is the position of a message, as text.');
  return Math.min(Number(cursor), END);
}

async function sentBefore(core: Core, viewer: Viewer, roomId: string, id: string): Promise<MessageState> {
  const [entry] = await findEntries(core.db, [id]);
  const same = entry?.roomId === roomId && entry.message?.author?.id === viewer.id && entry.kind === 'MESSAGE';
  if (same && entry.message) return entry.message;
  const { room } = await getMembership(core, viewer, roomId);
  if (room.encryption !== 'NONE') throw encrypted();
  if (entry) throw new AppError('CONFLICT', 'This id belongs to another message. Choose a new one.');
  throw notFound('Room');
}

const encrypted = () =>
  new AppError('CONFLICT', 'This room is end-to-end encrypted: a message in plain text is not taken.', {
    reason: 'E2EE_REQUIRED',
  });

async function ownMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const [entry] = await findEntries(core.db, [idOf(id, 'Message')]);
  if (!entry?.message || entry.kind !== 'MESSAGE') throw notFound('Message');
  await getMembership(core, viewer, entry.roomId).catch((error) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound('Message') : error;
  });
  if (entry.message.author?.id !== viewer.id) throw new AppError('FORBIDDEN', 'Only its author can change a message.');
  return entry.message;
}

async function change(
  core: Core,
  viewer: Viewer,
  { id, roomId }: MessageState,
  kind: 'MESSAGE_EDITED' | 'MESSAGE_DELETED',
  update: Prisma.Sql,
): Promise<MessageState> {
  const entry = await appendChange(core.db, {
    roomId,
    kind,
    actorId: viewer.id,
    targetId: id,
    changes: Prisma.sql`${acting(viewer.id)}, changed AS (${update})`,
    target: Prisma.sql`changed`,
  });
  if (entry?.message) {
    core.roomFeeds.announce([entry]);
    return entry.message;
  }
  const now = await ownMessage(core, viewer, id);
  if (kind === 'MESSAGE_EDITED' && now.deletedAt) throw new AppError('CONFLICT', 'This message was deleted.');
  return now;
}
