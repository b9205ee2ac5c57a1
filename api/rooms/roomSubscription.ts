import type { Core } from '../core.ts';
import { notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { isParting, type LogEntry } from '../realtime/entry.ts';
import { type Cursor, RoomReader } from '../realtime/roomReader.ts';
import type { Viewer } from '../users/users.ts';

const PAUSE = 1_000;

/**
 * The log of a room from a cursor on, for a member: up to the entry that ends the membership, and nothing after it; of a
 * direct room until it is put away. NOT_FOUND for everyone else.
 */
export async function subscribeToRoom(core: Core, viewer: Viewer, roomId: string, start: Cursor): Promise<RoomReader> {
  const id = idOf(roomId, 'Room');
  const feed = await core.roomFeeds.watch(id);
  if (!feed) throw notFound('Room');
  let isDirect = false;
  const reader = await RoomReader.open(core.roomFeeds, feed, start, async () => {
    const place = await core.lookups.place(id, viewer.id);
    if (!place) throw notFound('Room');
    isDirect = place.isDirect;
    return (entry) => ends(entry, viewer, place.joinedSeq);
  });
  if (isDirect) await endWhenPutAway(core, viewer, reader).catch((error) => giveUp(reader, error));
  return reader;
}

async function giveUp(reader: RoomReader, error: unknown): Promise<never> {
  await reader.return();
  throw error;
}

// Whoever blocks the other person is no longer in the direct room, of which its log says nothing.
async function endWhenPutAway(core: Core, viewer: Viewer, reader: RoomReader): Promise<void> {
  const again = () =>
    void reader.admitAgain().catch((error) => {
      core.log.warn('subscription.not_admitted_again', { error });
      setTimeout(again, PAUSE).unref();
    });
  reader.whenEnded(await core.roomsVersions.watch(viewer.id, (place) => place ?? again()));
}

// An end before the newest joining belongs to an earlier membership.
function ends(entry: LogEntry, viewer: Viewer, joinedSeq: number): boolean {
  if (entry.kind === 'ROOM_DELETED') return true;
  return isParting(entry) && entry.subject?.id === viewer.id && entry.seq > joinedSeq;
}
