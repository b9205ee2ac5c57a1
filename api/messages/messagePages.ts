import type { Core } from '../core.ts';
import type { Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { type Page, type PageRequest, readPage, sizeOf } from '../paging.ts';
import type { MessageState } from '../realtime/entry.ts';
import { END, readLastMessages, readMessages, readMessagesAround, seqOfMessage } from '../realtime/logPages.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

/** A page as `PageRequest` asks for it, or one with a place in its middle: the id of a message, or a position. */
export interface MessagesRequest extends PageRequest {
  around?: string | null | undefined;
}

/** A page of messages, as `pageMessagesOf` gives it. NOT_FOUND unless the viewer is a member. */
export async function pageMessages(core: Core, viewer: Viewer, roomId: string, request: PageRequest) {
  const { room } = await getMembership(core, viewer, roomId);
  return pageMessagesOf(core, room, request);
}

/**
 * A page of messages, oldest first: the `first` after a position, the `last` (50 if neither is given) before one, or
 * those around a place. At most 100. The room has been found through a membership.
 */
export async function pageMessagesOf(core: Core, room: Room, request: MessagesRequest): Promise<Page<MessageState>> {
  const { around, ...page } = request;
  if (around != null) return pageAround(core, room, around, page);
  return readPage(page, 'last', async ({ after, before, limit, backwards }) => {
    const from = Math.max(position(after, 0), room.expiredSeq);
    const range = { after: from, before: position(before, END), limit, newest: backwards };
    const entries = await readMessages(core.db, room.id, range);
    return entries.flatMap((entry) => entry.message ?? []);
  });
}

/** The newest message of each of these rooms, in one query. */
export async function lastMessages(core: Core, rooms: readonly Room[]): Promise<Map<string, MessageState>> {
  const talked = rooms.filter((room) => room.lastMessageSeq > room.expiredSeq);
  const entries = talked.length > 0 ? await readLastMessages(core.db, talked) : [];
  return new Map(entries.flatMap(({ roomId, message }) => (message ? [[roomId, message]] : [])));
}

// One more is read on each side, to know whether there is more.
async function pageAround(core: Core, room: Room, around: string, page: PageRequest): Promise<Page<MessageState>> {
  if (page.after != null || page.before != null || page.last != null)
    throw new AppError('INVALID_INPUT', 'Around a place, only first may say how many.');
  const size = sizeOf(page);
  const [before, after] = [Math.floor(size / 2), Math.ceil(size / 2)];
  const place = await placeOf(core, room, around);
  const limits = { before: before + 1, after: after + 1 };
  const entries = await readMessagesAround(core.db, room.id, { place, from: room.expiredSeq }, limits);
  const earlier = entries.filter(({ seq }) => seq < place);
  const later = entries.filter(({ seq }) => seq >= place);
  return {
    nodes: [...earlier.slice(Math.max(0, earlier.length - before)), ...later.slice(0, after)].flatMap(
      ({ message }) => message ?? [],
    ),
    hasPreviousPage: earlier.length > before,
    hasNextPage: later.length > after,
  };
}

async function placeOf(core: Core, room: Room, around: string): Promise<number> {
  if (POSITION.test(around)) return position(around, 0);
  const seq = await seqOfMessage(core.db, room.id, idOf(around, 'Message'));
  if (seq === null || seq <= room.expiredSeq) throw notFound('Message');
  return seq;
}

const POSITION = /^\d{1,10}$/;

function position(cursor: string | null | undefined, otherwise: number): number {
  if (cursor == null) return otherwise;
  if (!POSITION.test(cursor)) throw new AppError('INVALID_INPUT', 'A cursor is the position of a message, as text.');
  return Math.min(Number(cursor), END);
}
