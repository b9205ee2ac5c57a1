import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { LogEntry, MessageState } from '../realtime/entry.ts';
import { withRoom } from '../realtime/roomLog.ts';
import type { Reading } from '../rooms/memberships.ts';

/**
 * Appends what changes a message while nobody else changes the room, and tells of it. Where nothing was appended,
 * `unchanged` says what there is instead, or why not: before anybody can change it again.
 */
export async function changeMessage(
  core: Core,
  roomId: string,
  append: (db: Prisma.TransactionClient) => Promise<LogEntry | null>,
  unchanged: (now: Reading) => Promise<MessageState>,
): Promise<MessageState> {
  const { entry, message } = await withRoom(core.db, roomId, async (db) => {
    const entry = await append(db);
    return { entry, message: entry?.message ?? (await unchanged({ db })) };
  });
  if (entry) core.roomFeeds.announce([entry]);
  return message;
}
