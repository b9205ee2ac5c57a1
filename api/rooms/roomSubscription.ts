import type { Core } from '../core.ts';
import { notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { type Cursor, RoomReader } from '../realtime/roomReader.ts';
import type { Viewer } from '../users/users.ts';
import { getMembership } from './memberships.ts';

/**
 * The log of a room from a cursor on, for a member. The feed is joined before the membership is read, so a removal
 * is either seen here or is an entry still to come: nothing after that entry is given, and the reader ends.
 */
export async function subscribeToRoom(core: Core, viewer: Viewer, roomId: string, start: Cursor): Promise<RoomReader> {
  const feed = await core.roomFeeds.watch(idOf(roomId, 'Room'));
  if (!feed) throw notFound('Room');
  try {
    const { joinedSeq } = await getMembership(core, viewer, roomId);
    return new RoomReader(core.db, core.roomFeeds, feed, start, (entry) => ends(entry, viewer, joinedSeq));
  } catch (error) {
    core.roomFeeds.release(feed);
    throw error;
  }
}

// An end before the newest joining belongs to an earlier membership.
function ends(entry: LogEntry, viewer: Viewer, joinedSeq: number): boolean {
  if (entry.kind === 'ROOM_DELETED') return true;
  const parted = entry.kind === 'MEMBER_LEFT' || entry.kind === 'MEMBER_REMOVED';
  return parted && entry.subject?.id === viewer.id && entry.seq > joinedSeq;
}
