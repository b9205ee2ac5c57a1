import type { TreeMember } from '../crypto/types';
import { listParts } from '../lib/formats';
import { endOf, isAtEnd, type Message, type RoomLog } from '../lib/roomStore';
import type { NamedPerson } from '../messages/messageNames';

/** Who has read up to a message, and no further. */
export interface Readers {
  people: readonly NamedPerson[];
  direct: boolean;
}

const MOST_NAMES = 3;

/** "Read by Ann, Ben, and 3 more", or all of them by name. */
export function readByWords(names: readonly string[], most = MOST_NAMES): string {
  const some = names.length > most ? [...names.slice(0, 2), `${names.length - 2} more`] : [...names];
  return `Read by ${listParts(some)
    .map(({ value }) => value)
    .join('')}`;
}

/** Up to which position devices have read, by their ids. */
export type Positions = Readonly<Record<string, number>>;

/**
 * Under which message each of the others stands: the newest that they have read, and not written. Only who is in the group's
 * tree counts, by the device of theirs that has read furthest.
 */
export function readersOf(
  log: RoomLog,
  positions: Positions,
  members: readonly TreeMember[],
  people: readonly NamedPerson[],
): Map<string, NamedPerson[]> {
  const readers = new Map<string, NamedPerson[]>();
  for (const person of people) {
    const own = members.filter(({ userId }) => userId === person.id);
    const id = newestRead(log, person.id, Math.max(0, ...own.map(({ deviceId }) => positions[deviceId] ?? 0)))?.id;
    if (id) readers.set(id, [...(readers.get(id) ?? []), person]);
  }
  return readers;
}

/** None where what they have read last is not loaded. */
function newestRead(log: RoomLog, readerId: string, upTo: number): Message | undefined {
  if (!isAtEnd(log) && upTo > endOf(log)) return undefined;
  return log.messages.findLast(({ seq, author, deletedAt }) => seq <= upTo && author?.id !== readerId && !deletedAt);
}
