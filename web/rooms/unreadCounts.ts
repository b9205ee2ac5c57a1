import type { SealedNotice, SilentEvent } from '../crypto/types';
import type { RoomNewsSubscription, RoomPartsFragment } from '../gql/graphql';
import { callsFor } from '../messages/callsFor';

type Counts = Pick<RoomPartsFragment, 'readSeq' | 'unreadCount' | 'mentionCount' | 'lastSeq'>;
type Event = RoomNewsSubscription['viewerLog'] | SilentEvent | SealedNotice;

/** An entry that counts one message more, or one less: which message, and where the entry stands. */
interface Change {
  seq: number;
  of: number;
  by: 1 | -1;
  /** Whether that message is for the viewer, by name or with everyone. */
  isMention: boolean;
}

/** What the server counted, where the log ended then, and what the log has told since. */
interface Counted extends Counts {
  changes: readonly Change[];
}

/** A room with the counts as they are now. `counted` is missing where they are what the server said with the room. */
export interface Room extends RoomPartsFragment {
  counted?: Counted | undefined;
}

const KEPT = 500;

/** What the server said of a room: it may have counted a moment after it looked where the log ends. */
export const asCounted = (answer: RoomPartsFragment): Room =>
  answer.countedSeq === answer.lastSeq
    ? answer
    : { ...answer, counted: { ...countsOf(answer), lastSeq: answer.countedSeq, changes: [] } };

/** Where the log ended when the server counted. */
export const countedAt = (room: Room) => (room.counted ?? room).lastSeq;

/** The room with what the server counted, perhaps before what this page already knows of the log. */
export function withCounts(room: Room, { readSeq, unreadCount, mentionCount, lastSeq }: Counts): Room {
  const changes = (room.counted?.changes ?? []).filter(({ seq }) => seq > lastSeq);
  return recount(room, { readSeq, unreadCount, mentionCount, lastSeq, changes });
}

/** The room with the counts after an entry that it did not have in it. Who writes has read what was before. */
export function countedAfter(room: Room, event: Event, viewerId: string | undefined): Room {
  if (event.seq <= countedAt(room) || !isCounting(event)) return room;
  const { author, seq: of } = event.message;
  const counted = room.counted ?? { ...countsOf(room), changes: [] };
  const { changes } = counted;
  const isMention = event.__typename === 'MessageSent' ? callsFor(event.message, viewerId) : wasMention(changes, of);
  const by = event.__typename === 'MessageSent' ? 1 : -1;
  if (author?.id !== viewerId) return recount(room, withChange(counted, { seq: event.seq, of, by, isMention }));
  if (event.__typename === 'MessageDeleted') return room;
  return withCounts(room, { readSeq: of, unreadCount: 0, mentionCount: 0, lastSeq: event.seq });
}

/** Of two states of a room, what is newer in each. */
export function newerOf(held: Room, answer: Room): Room {
  const room = held.lastSeq > answer.lastSeq ? { ...held, notify: answer.notify } : { ...answer, ...ownCounts(held) };
  const at = countedAt(answer);
  return countedAt(held) > at ? room : withCounts(room, { ...countsOf(answer), lastSeq: at });
}

function recount(room: Room, counted: Counted): Room {
  const { readSeq, changes } = counted;
  const unreadOnes = changes.filter(({ of }) => of > readSeq);
  const unreadCount = Math.max(0, counted.unreadCount + sum(unreadOnes));
  const mentions = Math.max(0, counted.mentionCount + sum(unreadOnes.filter(({ isMention }) => isMention)));
  // With a person alone everything is for the viewer.
  const mentionCount = room.kind === 'DIRECT' ? unreadCount : Math.min(mentions, unreadCount);
  return { ...room, readSeq, unreadCount, mentionCount, counted };
}

// The oldest changes become part of what was counted.
function withChange(counted: Counted, change: Change): Counted {
  const changes = [...counted.changes, change];
  const [first] = changes;
  if (changes.length <= KEPT || !first) return { ...counted, changes };
  const unread = first.of > counted.readSeq ? [first] : [];
  const unreadCount = counted.unreadCount + sum(unread);
  const mentionCount = counted.mentionCount + sum(unread.filter(({ isMention }) => isMention));
  return { ...counted, unreadCount, mentionCount, lastSeq: first.seq, changes: changes.slice(1) };
}

/** What a deleted message was: it says no longer whom it named. */
const wasMention = (changes: readonly Change[], message: number) =>
  changes.some(({ of, isMention }) => of === message && isMention);

const sum = (changes: readonly Change[]) => changes.reduce((total, { by }) => total + by, 0);

const isCounting = (event: Event) => event.__typename === 'MessageSent' || event.__typename === 'MessageDeleted';
const countsOf = ({ readSeq, unreadCount, mentionCount, lastSeq }: Counts) => ({
  readSeq,
  unreadCount,
  mentionCount,
  lastSeq,
});
const ownCounts = ({ readSeq, unreadCount, mentionCount, counted }: Room) => ({
  readSeq,
  unreadCount,
  mentionCount,
  ...(counted && { counted }),
});
