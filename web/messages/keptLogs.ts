import { isAtEnd, type RoomLog } from '../lib/roomStore';

const MOST = 10;
const FRESH_FOR = 10 * 60_000;
const kept = new Map<string, { log: RoomLog; at: number }>();

/** Keeps a room that is being left, so that it is there at once when it is opened again. */
export function keepLog(key: string, log: RoomLog) {
  kept.delete(key);
  if (log.ended || !isAtEnd(log)) return;
  kept.set(key, { log, at: Date.now() });
  if (kept.size > MOST) kept.delete(kept.keys().next().value as string);
}

/** The room as it was left, if that is not long ago: its log is followed from there on, so nothing is missed. */
export function takeLog(key: string): RoomLog | undefined {
  const found = kept.get(key);
  kept.delete(key);
  return found && Date.now() - found.at < FRESH_FOR ? found.log : undefined;
}
