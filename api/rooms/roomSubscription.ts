import type { Core } from '../core.ts';
import { notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { type Cursor, RoomReader } from '../realtime/roomReader.ts';
import type { Viewer } from '../users/users.ts';

/**
 * The log of a room from a cursor on, for a member: up to the entry that ends the membership, and nothing after it.
 * NOT_FOUND for everyone else.
 */
export async function subscribeToRoom(core: Core, viewer: Viewer, roomId: string, start: Cursor): Promise<RoomReader> {
  const id = idOf(roomId, 'Room');
  const feed = await core.roomFeeds.watch(id);
  if (!feed) throw notFound('Room');
  return RoomReader.open(core.roomFeeds, feed, start, async () => {
    const joinedSeq = await core.lookups.joinedSeq(id, viewer.id);
    if (joinedSeq === null) throw notFound('Room');
    return (entry) => ends(entry, viewer, joinedSeq);
  });
}

// An end before the newest joining belongs to an earlier membership.
function ends(entry: LogEntry, viewer: Viewer, joinedSeq: number): boolean {
  if (entry.kind === 'ROOM_DELETED') return true;
  const parted = entry.kind === 'MEMBER_LEFT' || entry.kind === 'MEMBER_REMOVED';
  return parted && entry.subject?.id === viewer.id && entry.seq > joinedSeq;
}
