import { formatDay } from '../lib/formats';
import type { Unsent } from '../lib/outbox';
import { isAtEnd, type Message, type Notice, type RoomLog } from '../lib/roomStore';
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
}
export interface MessageRow {
  kind: 'message';
  /** The message's id, from the moment it is written: the row of a pending message becomes that of the sent one. */
  key: string;
  message: Message;
  /** Continues the message above: same author, within five minutes, nothing between. */
  continues: boolean;
  unsent?: Unsent;
}
export type Row = DayRow | NoticeRow | MessageRow;

type Person = NonNullable<Message['author']>;

const GROUP = 5 * 60_000;

/** What the list shows, from top to bottom: the window with its notices, then what this person has not sent yet. */
export function messageRows(log: RoomLog, unsent: readonly Unsent[], me: Person, today: Date): Row[] {
  const list = rowList(today);
  for (const entry of mergedBySeq(log.messages, visibleNotices(log))) {
    if ('__typename' in entry) list.addNotice(entry);
    else list.addMessage(entry);
  }
  if (!isAtEnd(log)) return list.rows;
  const sent = new Set(log.messages.map(({ id }) => id));
  for (const item of unsent) if (!sent.has(item.id)) list.addMessage(asMessage(item, me), item);
  return list.rows;
}

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

function rowList(today: Date) {
  const rows: Row[] = [];
  let day = '';
  let head: Message | undefined;

  function addMessage(message: Message, unsent?: Unsent) {
    addDay(message.createdAt);
    const continues = Boolean(head && isSameGroup(head, message));
    if (!continues) head = message;
    rows.push({ kind: 'message', key: message.id, message, continues, unsent });
  }

  function addNotice(notice: Notice) {
    addDay(notice.at);
    head = undefined;
    rows.push({ kind: 'notice', key: `seq-${notice.seq}`, at: notice.at, sentence: noticeSentence(notice) });
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
  return Boolean(head.author) && head.author?.id === message.author?.id && apart <= GROUP;
}

function dayOf(at: string) {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function asMessage({ id, body, createdAt }: Unsent, author: Person): Message {
  return { id, seq: Number.POSITIVE_INFINITY, author, body, createdAt, editedAt: null, deletedAt: null };
}
