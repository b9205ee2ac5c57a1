import type { SealedEvent, SealedNotice } from '../crypto/types';
import type { MessagePartsFragment, NoticePartsFragment, RoomLogSubscription } from '../gql/graphql';

export type Message = MessagePartsFragment;
/** A message in short, as one that replies to it shows it. */
export type Quote = Pick<Message, 'id' | 'seq' | 'author' | 'integration' | 'body' | 'createdAt' | 'deletedAt'> & {
  files: Pick<Message['files'][number], 'name' | 'type'>[];
};
export type RoomEvent = RoomLogSubscription['roomLog'];
/** An entry that is told in one quiet line between the messages. */
export type Notice =
  | Exclude<RoomEvent, { __typename: 'Reset' | 'RoomDeleted' | 'MessagesExpired' } | { message: unknown }>
  | PinNotice
  | SealedNotice;
/** That a message was pinned, or is no longer. Not its text, which may be deleted. */
export interface PinNotice extends Omit<PinEvent, 'message'> {
  about: string;
}
type PinEvent = Extract<RoomEvent, { __typename: 'MessagePinned' | 'MessageUnpinned' }>;

export const PAGE = 50;
export const WINDOW = 300;
const MOST_NOTICES = 1_000;
const OVERLAP = 200;

/**
 * What this client holds of one room. `messages` is a window: a run of the room's messages without a gap, in order of
 * seq, each held once. `last` is the position in the log up to which everything has been applied.
 */
export interface RoomLog {
  epoch: string;
  last: number;
  messages: readonly Message[];
  notices: readonly Notice[];
  hasOlder: boolean;
  /** The newest message that is known to exist, in the window or beyond its end. */
  newest: number;
  /** Up to here the room keeps no messages any more. */
  expired?: number;
  ended: boolean;
}

export type Place = 'next' | 'seen' | 'hole' | 'reset';

/**
 * A room as its newest page shows it. The log is followed from the beginning of that page, or of the room, but not from
 * further back than 200 entries: messages that are told again change nothing, and what else happened between them is
 * learned this way.
 */
export function openLog(page: readonly Message[], hasOlder: boolean, end: number, epoch: string): RoomLog {
  const from = hasOlder ? (page[0]?.seq ?? 0) : 0;
  const last = Math.max(from, end - OVERLAP);
  return { epoch, last, messages: page, notices: [], hasOlder, newest: page.at(-1)?.seq ?? 0, ended: false };
}

/** Whether a room as it was kept leads on to the room as it is now, without asking the log for much. */
export const leadsTo = (kept: RoomLog, now: RoomLog) => kept.epoch === now.epoch && kept.last >= now.last;

/** The log with its window somewhere else: on a page that lies around a message. */
export function openAround(log: RoomLog, page: readonly Message[], hasOlder: boolean, newest: number): RoomLog {
  const newestNow = Math.max(log.newest, newest, page.at(-1)?.seq ?? 0);
  return { ...log, messages: stillKept(log, page), hasOlder, newest: newestNow };
}

// A page that was asked for before messages expired may arrive after that.
const stillKept = ({ expired = 0 }: RoomLog, page: readonly Message[]) =>
  expired ? page.filter(({ seq }) => seq > expired) : page;

/** Where an event belongs: only what is 'next' may be applied. */
export function placeOf(log: RoomLog, event: SealedEvent): Place {
  if (event.__typename === 'Reset') return 'reset';
  if (event.seq <= log.last) return 'seen';
  // Nothing else is left of a room that was deleted.
  if (event.__typename === 'RoomDeleted') return 'next';
  return event.seq === log.last + 1 ? 'next' : 'hole';
}

export interface Reader {
  viewerId: string;
  /** The reader is at the end, so the window moves on with what arrives. */
  following: boolean;
}

/** The log with the next event in it. */
export function applyEvent(log: RoomLog, event: SealedEvent, reader: Reader): RoomLog {
  const moved = { ...log, last: event.seq };
  switch (event.__typename) {
    case 'MessageSent':
      return addMessage(moved, event.message, reader.following);
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionsChanged':
      return withMessage(moved, event.message);
    case 'MessagePinned':
    case 'MessageUnpinned':
      return addNotice(withMessage(moved, event.message), pinNotice(event));
    case 'MessagesExpired':
      return withoutExpired(moved, event.upTo, event.at);
    case 'RoomDeleted':
      return { ...moved, ended: true };
    case 'Reset':
      return { ...moved, epoch: event.epoch };
    case 'Silent':
      return moved;
    case 'MemberLeft':
    case 'MemberRemoved':
    case 'MemberBanned':
      return addNotice(isOf(event, reader) ? { ...moved, ended: true } : moved, event);
    // Who came back is told of their going too: the log is followed from before it.
    case 'MemberJoined':
      return addNotice(isOf(event, reader) ? { ...moved, ended: false } : moved, event);
    default:
      return addNotice(moved, event);
  }
}

const isOf = ({ user }: { user?: { id: string } | null }, { viewerId }: Reader) => user?.id === viewerId;

const withMessage = (log: RoomLog, message: Message): RoomLog => ({
  ...log,
  messages: requoted(replaced(log.messages, message), message),
});

/** The log with a message that is newer than the window, or known from elsewhere before the log told of it. */
export function addMessage(log: RoomLog, message: Message, following: boolean): RoomLog {
  if (message.seq <= (log.expired ?? 0)) return log;
  const known = { ...log, newest: Math.max(log.newest, message.seq) };
  const index = firstAtOrAfter(log.messages, message.seq);
  if (log.messages[index]?.seq === message.seq) return { ...known, messages: replaced(log.messages, message) };
  if (!isAtEnd(log) || message.seq < (log.messages[0]?.seq ?? 0)) return known;
  if (!following && log.messages.length >= WINDOW) return known;
  return withoutOldest({ ...known, messages: log.messages.toSpliced(index, 0, message) });
}

/** The log with a page of older messages before it; the window's newest give way. */
export function addOlder(log: RoomLog, page: readonly Message[], hasOlder: boolean): RoomLog {
  const first = log.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
  const messages = [...stillKept(log, page).filter((message) => message.seq < first), ...log.messages];
  return { ...log, hasOlder, messages: messages.slice(0, WINDOW) };
}

/** The log with a page of newer messages after it; the window's oldest give way. */
export function addNewer(log: RoomLog, page: readonly Message[], hasMore: boolean): RoomLog {
  const end = endOf(log);
  const fresh = page.filter((message) => message.seq > end);
  const messages = [...log.messages, ...fresh];
  const known = Math.max(log.newest, messages.at(-1)?.seq ?? 0);
  const newest = fresh.length || hasMore ? known : end;
  return trimmed({ ...log, newest, messages }, WINDOW);
}

/** The log with what happened besides, in the window and behind it; what lies before it is left out. */
export function addNotices(log: RoomLog, notices: readonly Notice[]): RoomLog {
  const bySeq = new Map([...log.notices, ...notices].map((notice) => [notice.seq, notice]));
  const from = log.hasOlder ? (log.messages[0]?.seq ?? 0) : 0;
  const kept = [...bySeq.values()].filter(({ seq }) => seq > from).sort((a, b) => a.seq - b.seq);
  return { ...log, notices: kept.slice(0, MOST_NOTICES) };
}

/** The log without the messages up to a position, which the room keeps no longer, and without what quotes say of them. */
export function withoutExpired(log: RoomLog, upTo: number, at: string): RoomLog {
  if (upTo <= (log.expired ?? 0)) return log;
  const kept = log.messages.filter(({ seq }) => seq > upTo).map((message) => withoutQuote(message, upTo, at));
  const cut = kept.length < log.messages.length;
  return { ...log, expired: upTo, messages: kept, hasOlder: log.hasOlder && !cut };
}

function withoutQuote(message: Message, upTo: number, at: string): Message {
  const { replyTo } = message;
  if (!replyTo || replyTo.seq > upTo || replyTo.deletedAt) return message;
  return { ...message, replyTo: { ...replyTo, body: null, files: [], deletedAt: at } };
}

/** The log with these messages in their newer state, where it holds them. */
export function withChanges(log: RoomLog, changes: Iterable<Message>): RoomLog {
  let { messages } = log;
  for (const message of changes) messages = replaced(messages, message);
  return { ...log, messages };
}

/** Whether the window reaches the newest message, so that a new one follows without a gap. */
export const isAtEnd = (log: RoomLog) => endOf(log) >= log.newest;

/** Up to where the window reaches; of an empty one, where it would begin. */
export const endOf = ({ messages, expired = 0 }: RoomLog) => messages.at(-1)?.seq ?? expired;

// A third of a page at a time, so that not every new message takes an old one out of the DOM.
const withoutOldest = (log: RoomLog) => (log.messages.length > WINDOW ? trimmed(log, WINDOW - PAGE / 2) : log);

function trimmed(log: RoomLog, most: number): RoomLog {
  if (log.messages.length <= most) return log;
  return { ...log, hasOlder: true, messages: log.messages.slice(-most) };
}

/** What the server says of the past, as a notice. */
export const asNotice = (told: NoticePartsFragment): Notice =>
  'message' in told ? pinNotice(told) : (told as Exclude<Notice, PinNotice>);

function pinNotice({ message, ...pin }: Omit<PinEvent, 'message'> & { message: { id: string } }): PinNotice {
  return { ...pin, about: message.id };
}

const addNotice = (log: RoomLog, notice: Notice) => ({
  ...log,
  notices: [...log.notices, notice].slice(-MOST_NOTICES),
});

function replaced(messages: readonly Message[], message: Message): readonly Message[] {
  const index = firstAtOrAfter(messages, message.seq);
  const held = messages[index];
  return held?.seq === message.seq && isAsNew(message, held) ? messages.with(index, message) : messages;
}

/** A message only moves on: an answer that was late must not take it back. */
const isAsNew = (message: Message, held: Message) => message.changedSeq >= held.changedSeq;

/** What the replies in the window show of a message, as it is now. */
function requoted(messages: readonly Message[], { id, body, files, deletedAt }: Message): readonly Message[] {
  if (!messages.some(({ replyTo }) => replyTo?.id === id)) return messages;
  return messages.map((one) =>
    one.replyTo?.id === id ? { ...one, replyTo: { ...one.replyTo, body, files, deletedAt } } : one,
  );
}

function firstAtOrAfter(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle] as Message).seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
