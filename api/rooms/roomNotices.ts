import type { Core } from '../core.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { readNotices } from '../realtime/logPages.ts';

const MOST = 200;

/**
 * What happened in the room besides what was said, between two positions (both exclusive), oldest first: of more than
 * 200 the newest. The room has been found through a membership.
 */
export async function noticesOf(core: Core, room: Room, after: number, before: number): Promise<LogEntry[]> {
  if (after < 0 || before < 0) throw new AppError('INVALID_INPUT', 'A position is a number from 0 on.');
  return readNotices(core.db, room.id, { after, before, limit: MOST });
}
