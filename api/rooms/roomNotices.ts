import type { Core } from '../core.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { readLargeEntries, readNotices } from '../realtime/logPages.ts';

const MOST = 200;

/**
 * What happened in the room besides what was said, between two positions (both exclusive), oldest first: of more than
 * 200 the newest. The room has been found through a membership.
 */
export async function noticesOf(core: Core, room: Room, after: number, before: number): Promise<LogEntry[]> {
  if (after < 0 || before < 0) throw new AppError('INVALID_INPUT', 'A position is a number from 0 on.');
  return readNotices(core.db, room.id, { after, before, limit: MOST });
}

const LARGE = 4 * 1_048_576;

/** The log of the room after a position, in order: at most 200 entries, or 4 MB. The room has been found through a membership. */
export async function logOf(core: Core, room: Room, after: number, first: number): Promise<LogEntry[]> {
  if (after < 0 || first < 1 || first > MOST)
    throw new AppError('INVALID_INPUT', `Ask for 1 to ${MOST} entries after a position from 0 on.`);
  return readLargeEntries(core.db, room.id, after, { limit: first, bytes: LARGE });
}
