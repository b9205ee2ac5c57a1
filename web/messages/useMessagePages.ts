import type { ShallowRef } from 'vue';
import { pause } from '../lib/retry';
import {
  addNewer,
  addNotices,
  addOlder,
  endOf,
  isAtEnd,
  type Message,
  type Notice,
  openAround,
  type RoomLog,
  withChanges,
} from '../lib/roomStore';
import type { RoomSource } from './roomSource';

const END = 2_147_483_647;

type Add = (log: RoomLog) => RoomLog;
type FetchPage = (now: RoomLog) => Promise<Add>;

/** Moves the window of a room: a page older, a page newer, or to the end. One page at a time. */
export function useMessagePages(source: RoomSource, log: ShallowRef<RoomLog | undefined>) {
  const changed = new Map<string, Message>();
  let turning: Promise<boolean> | undefined;

  /** A page that was asked for before an edit may arrive after it: the edit is put over the page. */
  function note(message: Message) {
    if (turning) changed.set(message.id, message);
  }

  function loadOlder() {
    if (!log.value?.hasOlder) return;
    return turn(async ({ messages: [first] }) => {
      const { messages, hasOlder } = await source.older(first?.seq ?? END);
      const notices = await noticesOf(hasOlder ? messages[0]?.seq : 0, first?.seq);
      const add: Add = (now) => addNotices(addOlder(now, messages, hasOlder), notices);
      return (now) => (now.messages[0]?.seq === first?.seq ? add(now) : now);
    });
  }

  function loadNewer() {
    if (log.value && !isAtEnd(log.value)) return turn(newerPage);
  }

  async function newerPage(held: RoomLog): Promise<Add> {
    const end = endOf(held);
    const { messages, hasNewer } = await source.newer(end);
    const notices = await noticesOf(end, hasNewer ? messages.at(-1)?.seq : END);
    const add: Add = (now) => addNotices(addNewer(now, messages, hasNewer), notices);
    return (now) => (endOf(now) === end ? add(now) : now);
  }

  /** Moves the window to the end: to the newest page, and on to what was sent while that was on its way. */
  async function toLatest() {
    let turned = true;
    for (let fetchPage = latestPage; turned && log.value && !isAtEnd(log.value); fetchPage = newerPage)
      turned = await move(fetchPage);
  }

  async function latestPage(_: RoomLog): Promise<Add> {
    const { messages, hasOlder } = await source.latest();
    const notices = await noticesOf(hasOlder ? messages[0]?.seq : 0, END);
    return (now) => addNotices(openAround(now, messages, hasOlder, messages.at(-1)?.seq ?? 0), notices);
  }

  /** Moves the window to a message, with context on both sides. Rejects when it is not there, or not now. */
  async function toMessage(id: string) {
    await turning;
    if (log.value?.messages.some((message) => message.id === id)) return;
    await moveTo(id);
  }

  /** Moves the window to a position, with context on both sides, unless it begins before it. */
  async function toPosition(seq: number) {
    await turning;
    const [first] = log.value?.messages ?? [];
    if (first && log.value?.hasOlder && first.seq > seq) await moveTo(String(seq));
  }

  async function moveTo(place: string) {
    const moving = around(place);
    await Promise.all([move(() => moving), moving]);
  }

  async function around(place: string): Promise<Add> {
    const { messages, hasOlder, hasNewer, newest } = await source.around(place);
    const notices = await noticesOf(hasOlder ? messages[0]?.seq : 0, hasNewer ? messages.at(-1)?.seq : END);
    return (now) => addNotices(openAround(now, messages, hasOlder, newest), notices);
  }

  /** What else happened there: on older pages nobody has told of it. */
  const noticesOf = (after = 0, before = END): Promise<readonly Notice[]> => source.notices(after, before);

  /** Asks for what the log is not told again of: before it was followed. */
  async function loadNotices() {
    const {
      messages: [first],
      hasOlder,
      last,
    } = log.value as RoomLog;
    await turn(async () => {
      const notices = await noticesOf(hasOlder ? first?.seq : 0, last + 1);
      return (now) => addNotices(now, notices);
    });
  }

  /** Unlike a page that is turned, a move is not forgone for the page that is being turned. */
  async function move(fetchPage: FetchPage): Promise<boolean> {
    while (turning) await turning;
    return turn(fetchPage);
  }

  /** Whether a page was turned: this one, or the one that was on its way. */
  function turn(fetchPage: FetchPage): Promise<boolean> {
    turning ??= turnPage(fetchPage).finally(() => {
      changed.clear();
      turning = undefined;
    });
    return turning;
  }

  async function turnPage(fetchPage: FetchPage): Promise<boolean> {
    try {
      const add = await fetchPage(log.value as RoomLog);
      log.value = withChanges(add(log.value as RoomLog), changed.values());
      return true;
    } catch {
      // The list asks again as long as the reader is near its edge: not at once.
      await pause(1_000);
      return false;
    }
  }

  return { note, loadOlder, loadNewer, toLatest, toMessage, toPosition, loadNotices };
}
