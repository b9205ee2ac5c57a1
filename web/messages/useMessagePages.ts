import type { ShallowRef } from 'vue';
import { pause } from '../lib/retry';
import {
  addNewer,
  addNotices,
  addOlder,
  asNotice,
  isAtEnd,
  type Message,
  type Notice,
  openAround,
  type RoomLog,
  withChanges,
} from '../lib/roomStore';
import { ask } from '../request';
import { latestMessages, messagesAround, newerMessages, olderMessages, roomNotices } from './messageDocuments';

const END = 2_147_483_647;

type Add = (log: RoomLog) => RoomLog;

/** Moves the window of a room: a page older, a page newer, or to the end. One page at a time. */
export function useMessagePages(roomId: string, log: ShallowRef<RoomLog | undefined>) {
  const changed = new Map<string, Message>();
  let turning: Promise<void> | undefined;

  /** A page that was asked for before an edit may arrive after it: the edit is put over the page. */
  function note(message: Message) {
    if (turning) changed.set(message.id, message);
  }

  function loadOlder() {
    if (!log.value?.hasOlder) return;
    return turn(async ({ messages: [first] }) => {
      const { room } = await ask(olderMessages, { roomId, before: String(first?.seq) });
      const { nodes, pageInfo } = room.messages;
      const notices = await noticesOf(pageInfo.hasPreviousPage ? nodes[0]?.seq : 0, first?.seq);
      const add: Add = (now) => addNotices(addOlder(now, nodes, pageInfo.hasPreviousPage), notices);
      return (now) => (now.messages[0]?.seq === first?.seq ? add(now) : now);
    });
  }

  function loadNewer() {
    if (!log.value || isAtEnd(log.value)) return;
    return turn(async ({ messages }) => {
      const end = messages.at(-1)?.seq;
      const { room } = await ask(newerMessages, { roomId, after: String(end) });
      const { nodes, pageInfo } = room.messages;
      const notices = await noticesOf(end, pageInfo.hasNextPage ? nodes.at(-1)?.seq : END);
      const add: Add = (now) => addNotices(addNewer(now, nodes, pageInfo.hasNextPage), notices);
      return (now) => (now.messages.at(-1)?.seq === end ? add(now) : now);
    });
  }

  async function toLatest() {
    await turning;
    if (!log.value || isAtEnd(log.value)) return;
    await turn(async () => {
      const { room } = await ask(latestMessages, { roomId });
      const { nodes, pageInfo } = room.messages;
      const notices = await noticesOf(pageInfo.hasPreviousPage ? nodes[0]?.seq : 0, END);
      return (now) => addNotices(openAround(now, nodes, pageInfo.hasPreviousPage, nodes.at(-1)?.seq ?? 0), notices);
    });
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
    await turn(() => moving);
    await moving;
  }

  async function around(place: string): Promise<Add> {
    const { room } = await ask(messagesAround, { roomId, id: place });
    const { nodes, pageInfo } = room.messages;
    const end = nodes.at(-1)?.seq;
    const notices = await noticesOf(pageInfo.hasPreviousPage ? nodes[0]?.seq : 0, pageInfo.hasNextPage ? end : END);
    return (now) => addNotices(openAround(now, nodes, pageInfo.hasPreviousPage, room.lastMessage?.seq ?? 0), notices);
  }

  /** What else happened there: on older pages nobody has told of it. */
  async function noticesOf(after = 0, before = END): Promise<Notice[]> {
    const { room } = await ask(roomNotices, { roomId, after, before });
    return room.notices.map(asNotice);
  }

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

  function turn(fetchPage: (now: RoomLog) => Promise<Add>): Promise<void> {
    turning ??= turnPage(fetchPage).finally(() => {
      changed.clear();
      turning = undefined;
    });
    return turning;
  }

  async function turnPage(fetchPage: (now: RoomLog) => Promise<Add>) {
    try {
      const add = await fetchPage(log.value as RoomLog);
      log.value = withChanges(add(log.value as RoomLog), changed.values());
    } catch {
      // The list asks again as long as the reader is near its edge: not at once.
      await pause(1_000);
    }
  }

  return { note, loadOlder, loadNewer, toLatest, toMessage, toPosition, loadNotices };
}
