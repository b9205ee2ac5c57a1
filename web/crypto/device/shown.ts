import type { LogEntry, MessageChange, Person, Quoted, RoomMessage } from './log.ts';
import type { Entry, MessageEntry, RoomView, Told } from './view.ts';

/** What the page is told of one entry of a log. */
export type ShownEvent = { roomId: string; seq: number; at: string } & (
  | { __typename: 'MessageSent'; message: RoomMessage }
  | { __typename: MessageChange; message: RoomMessage; by: Person | null }
  | { __typename: 'RoomChanged'; name: string; topic: string; by: Person | null }
  | { __typename: 'EncryptionNotice'; what: Told; user: Person | null }
  | { __typename: 'Silent' }
  | Exclude<LogEntry, { __typename: 'MessageSent' | MessageChange }>
);

export const PAGE = 50;

export interface ShownPage {
  messages: RoomMessage[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** A message with what it answers beside it, as that is now. */
export function shownMessage(view: RoomView, { message, replyTo }: MessageEntry): RoomMessage {
  const quoted = replyTo ? view.message(replyTo) : undefined;
  return quoted ? { ...message, replyTo: quoteOf(quoted.message) } : message;
}

function quoteOf({ id, seq, author, integration, body, files, createdAt, deletedAt }: RoomMessage): Quoted {
  const named = files.map(({ name, type }) => ({ name, type }));
  return { id, seq, author, integration, body, files: named, createdAt, deletedAt };
}

/** One event for each entry, in order. What changed a message comes with the message as it is now. */
export function shownEvent(roomId: string, view: RoomView, entry: Entry): ShownEvent {
  const place = { roomId, seq: entry.seq, at: entry.at };
  switch (entry.kind) {
    case 'message':
      return entry.state === 'locked'
        ? { ...place, __typename: 'Silent' }
        : { ...place, __typename: 'MessageSent', message: shownMessage(view, entry) };
    case 'change':
      return changeEvent(place, view, entry);
    case 'notice':
      return entry.event as ShownEvent;
    case 'renamed':
      return { ...place, __typename: 'RoomChanged', name: entry.name, topic: entry.topic, by: entry.by };
    case 'told':
      return { ...place, __typename: 'EncryptionNotice', what: entry.what, user: entry.user };
    case 'silent':
      return { ...place, __typename: 'Silent' };
  }
}

function changeEvent(
  place: { roomId: string; seq: number; at: string },
  view: RoomView,
  { id, what, by }: Extract<Entry, { kind: 'change' }>,
): ShownEvent {
  const target = view.message(id);
  if (!target || target.state === 'locked') return { ...place, __typename: 'Silent' };
  return { ...place, __typename: what, message: shownMessage(view, target), by };
}

/** Every entry after a position, as events. */
export function eventsAfter(roomId: string, view: RoomView, after: number): ShownEvent[] {
  const entries = view.all().filter(({ seq }) => seq > after);
  return entries.map((entry) => shownEvent(roomId, view, entry));
}

/** What happened besides messages between two positions, both left out. */
export function noticesBetween(roomId: string, view: RoomView, after: number, before: number): ShownEvent[] {
  const isNotice = ({ kind, seq }: Entry) => seq > after && seq < before && NOTICES.includes(kind);
  const events = view
    .all()
    .filter(isNotice)
    .map((entry) => shownEvent(roomId, view, entry));
  return events.filter(({ __typename }) => !SILENT_CHANGES.includes(__typename)).slice(-MOST_NOTICES);
}

const NOTICES: Entry['kind'][] = ['notice', 'told', 'renamed', 'change'];
const SILENT_CHANGES = ['Silent', 'MessageEdited', 'MessageDeleted', 'ReactionsChanged'];
const MOST_NOTICES = 200;

export const latestPage = (view: RoomView): ShownPage => pageOf(view, view.messages(), -PAGE);

export const olderPage = (view: RoomView, before: number): ShownPage => {
  const messages = view.messages();
  const end = messages.findIndex(({ message }) => message.seq >= before);
  const from = end < 0 ? messages.length : end;
  return pageOf(view, messages, Math.max(0, from - PAGE), from);
};

export function newerPage(view: RoomView, after: number): ShownPage {
  const messages = view.messages();
  const from = messages.findIndex(({ message }) => message.seq > after);
  return from < 0 ? { messages: [], hasOlder: true, hasNewer: false } : pageOf(view, messages, from, from + PAGE);
}

/** Around a message's id or a position as text; nothing when the message is not there. */
export function pageAround(view: RoomView, place: string): (ShownPage & { newest: number }) | undefined {
  const messages = view.messages();
  const isNumber = /^\d+$/.test(place);
  const index = messages.findIndex(({ message }) => (isNumber ? message.seq >= Number(place) : message.id === place));
  if (index < 0 && !isNumber) return undefined;
  const middle = index < 0 ? messages.length : index;
  const from = Math.max(0, middle - PAGE / 2);
  return { ...pageOf(view, messages, from, from + PAGE), newest: messages.at(-1)?.message.seq ?? 0 };
}

function pageOf(view: RoomView, messages: MessageEntry[], from: number, to?: number): ShownPage {
  const page = messages.slice(from, to);
  const first = page[0] ? messages.indexOf(page[0]) : 0;
  return {
    messages: page.map((entry) => shownMessage(view, entry)),
    hasOlder: first > 0,
    hasNewer: first + page.length < messages.length,
  };
}

/** Pinned messages, newest pin first. */
export function pinsIn(view: RoomView): RoomMessage[] {
  const pinned = view.messages().filter(({ message }) => message.pinnedAt && !message.deletedAt);
  pinned.sort((a, b) => (b.message.pinnedAt ?? '').localeCompare(a.message.pinnedAt ?? ''));
  return pinned.map((entry) => shownMessage(view, entry));
}
