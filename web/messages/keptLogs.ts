import { change, read, write } from '../lib/database';
import { isAtEnd, PAGE, type RoomLog, withoutExpired } from '../lib/roomStore';
import { keptSince } from '../rooms/retention';

const MOST = 10;
const FRESH_FOR = 10 * 60_000;
const left = new Map<string, { log: RoomLog; at: number }>();

/** Keeps a room that is being left, so that it is there at once when it is opened again. */
export function keepLog(roomId: string, log: RoomLog) {
  left.delete(roomId);
  if (!isAtEnd(log)) return;
  left.set(roomId, { log, at: Date.now() });
  if (left.size > MOST) left.delete(left.keys().next().value as string);
}

/** The room as it was left, if that is not long ago: its log is followed from there on, so nothing is missed. */
export function takeLog(roomId: string): RoomLog | undefined {
  const found = left.get(roomId);
  left.delete(roomId);
  return found && Date.now() - found.at < FRESH_FOR ? found.log : undefined;
}

/** Writes the newest page of a room to this device, for the next visit, with or without a network. */
export function storeLog(owner: string, roomId: string, log: RoomLog) {
  if (!isAtEnd(log)) return;
  const messages = log.messages.slice(-PAGE);
  const hasOlder = log.hasOlder || messages.length < log.messages.length;
  const from = hasOlder ? (messages[0]?.seq ?? 0) : 0;
  const notices = log.notices.filter(({ seq }) => seq > from);
  void write('logs', owner, roomId, { ...log, messages, notices, hasOlder });
}

/** The room as this device has kept it. It may be long behind. */
export const storedLog = (owner: string, roomId: string) => read<RoomLog>('logs', owner, roomId);

/** What a room keeps no longer: everything up to a position, and what is older than so many days. */
export interface Expired {
  upTo: number;
  days?: number | null;
}

/** Takes out of what this device has kept of a room what the room keeps no longer, with or without a network. */
export function expireStored(owner: string, roomId: string, expired: Expired) {
  return change<RoomLog>(
    'logs',
    owner,
    roomId,
    (log) => log && withoutExpired(log, lastExpired(log, expired), new Date().toISOString()),
  );
}

function lastExpired({ messages }: RoomLog, { upTo, days }: Expired): number {
  if (days == null) return upTo;
  const since = keptSince(days);
  return Math.max(upTo, messages.findLast(({ createdAt }) => createdAt < since)?.seq ?? 0);
}
