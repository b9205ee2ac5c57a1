import type { ShownFile } from '../files/fileWords';
import { formatDay } from '../lib/formats';
import type { Unsent, UnsentFile } from '../lib/outbox';
import { isAtEnd, type Message, type Notice, type RoomLog } from '../lib/roomStore';
import type { Readers } from '../receipts/readers';
import { callsFor } from './callsFor';
import { noticeSentence } from './noticeSentence';

export interface DayRow {
  kind: 'day';
  key: string;
  label: string;
}
export interface NoticeRow {
  kind: 'notice';
  key: string;
  at: string;
  sentence: string;
  /** The message that it is about. */
  about: string | undefined;
}
export interface UnreadRow {
  kind: 'unread';
  key: 'unread';
  count: number;
  /** When the last message was written that had been read; undefined when it is not loaded. */
  since: string | undefined;
}
export interface MessageRow {
  kind: 'message';
  /** The message's id, from the moment it is written: the row of a pending message becomes that of the sent one. */
  key: string;
  message: Message;
  /** Continues the message above: same author, within five minutes, nothing between. */
  continues: boolean;
  /** Is for the viewer, by name or with everyone. */
  mentions: boolean;
  unsent?: Unsent;
  /** Who of the others has read up to here, and no further, as far as they show it. */
  readBy?: Readers | undefined;
}
export type Row = DayRow | NoticeRow | UnreadRow | MessageRow;

/** Where the unread line stands: before the first message of others after this position. */
export interface UnreadMark {
  after: number;
  count: number;
}

export type Person = NonNullable<Message['author']>;

const GROUP = 5 * 60_000;

/** What the list shows, from top to bottom: the window with its notices, then what this person has not sent yet. */
export function messageRows(
  log: RoomLog,
  unsent: readonly Unsent[],
  me: Person,
  today: Date,
  unread?: UnreadMark,
): Row[] {
  const list = rowList(today, me, unread && (log.hasOlder ? inWindow(unread, log) : unread));
  for (const entry of mergedBySeq(log.messages, visibleNotices(log))) {
    if ('__typename' in entry) list.addNotice(entry);
    else list.addMessage(entry);
  }
  if (!isAtEnd(log)) return list.rows;
  const sent = new Set(log.messages.map(({ id }) => id));
  for (const item of unsent) if (!sent.has(item.id)) list.addMessage(asMessage(item, me), item);
  return list.rows;
}

// With the line's place above the window, it must not stand at the window's top instead.
const inWindow = (unread: UnreadMark, log: RoomLog) =>
  unread.after >= (log.messages[0]?.seq ?? 0) - 1 ? unread : undefined;

function visibleNotices(log: RoomLog): readonly Notice[] {
  const from = log.hasOlder ? (log.messages[0]?.seq ?? 0) : 0;
  const to = isAtEnd(log) ? Number.POSITIVE_INFINITY : (log.messages.at(-1)?.seq ?? 0);
  return log.notices.filter(({ seq }) => seq > from && seq < to);
}

function* mergedBySeq(messages: readonly Message[], notices: readonly Notice[]) {
  let next = 0;
  for (const message of messages) {
    for (let notice = notices[next]; notice && notice.seq < message.seq; notice = notices[++next]) yield notice;
    yield message;
  }
  yield* notices.slice(next);
}

function rowList(today: Date, me: Person, unread: UnreadMark | undefined) {
  const rows: Row[] = [];
  let day = '';
  let head: Message | undefined;
  let last: Message | undefined;
  let marked = !unread;

  function addMessage(message: Message, unsent?: Unsent) {
    addDay(message.createdAt);
    if (!marked) addUnread(message);
    const continues = Boolean(head && isSameGroup(head, message));
    if (!continues) head = message;
    last = message;
    const mentions = message.author?.id !== me.id && callsFor(message, me.id);
    rows.push({ kind: 'message', key: message.id, message, continues, mentions, unsent });
  }

  function addUnread({ seq, author }: Message) {
    if (!unread || seq <= unread.after || author?.id === me.id) return;
    marked = true;
    head = undefined;
    rows.push({ kind: 'unread', key: 'unread', count: unread.count, since: last?.createdAt });
  }

  function addNotice(notice: Notice) {
    addDay(notice.at);
    head = undefined;
    const about = 'about' in notice ? notice.about : undefined;
    rows.push({ kind: 'notice', key: `seq-${notice.seq}`, at: notice.at, sentence: noticeSentence(notice), about });
  }

  // A clock that is behind, on this device, must not open a day twice.
  function addDay(at: string) {
    const next = dayOf(at);
    if (next <= day) return;
    day = next;
    head = undefined;
    rows.push({ kind: 'day', key: `day-${day}`, label: formatDay(at, today) });
  }

  return { rows, addMessage, addNotice };
}

function isSameGroup(head: Message, message: Message) {
  const apart = Date.parse(message.createdAt) - Date.parse(head.createdAt);
  const [one, other] = [head, message].map(({ author, integration }) => author?.id ?? integration);
  return Boolean(one) && one === other && apart <= GROUP;
}

function dayOf(at: string) {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function asMessage({ id, body, createdAt, replyTo, files = [] }: Unsent, author: Person): Message {
  const own = { id, author, integration: null, body, createdAt, files: files.map(asFile), replyTo: replyTo ?? null };
  const marks = { editedAt: null, deletedAt: null, pinnedAt: null, mentions: [], mentionsRoom: false, reactions: [] };
  return { ...own, ...marks, seq: Number.POSITIVE_INFINITY, changedSeq: 0 };
}

// Where it is, and what it looks like, is known by its key.
const asFile = ({ key, width = 0, height = 0, ...file }: UnsentFile): ShownFile => ({
  ...file,
  id: key,
  width,
  height,
  placeholder: null,
  url: '',
  thumbnailUrl: null,
});
