import type { ShallowRef } from 'vue';
import { pause } from '../lib/retry';
import { addNewer, addOlder, isAtEnd, type Message, openAround, type RoomLog, withChanges } from '../lib/roomStore';
import { ask } from '../request';
import { latestMessages, messagesAround, newerMessages, olderMessages } from './messageDocuments';

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
      return (now) => (now.messages[0]?.seq === first?.seq ? addOlder(now, nodes, pageInfo.hasPreviousPage) : now);
    });
  }

  function loadNewer() {
    if (!log.value || isAtEnd(log.value)) return;
    return turn(async ({ messages }) => {
      const end = messages.at(-1)?.seq;
      const { room } = await ask(newerMessages, { roomId, after: String(end) });
      const { nodes, pageInfo } = room.messages;
      return (now) => (now.messages.at(-1)?.seq === end ? addNewer(now, nodes, pageInfo.hasNextPage) : now);
    });
  }

  async function toLatest() {
    await turning;
    if (!log.value || isAtEnd(log.value)) return;
    await turn(async () => {
      const { room } = await ask(latestMessages, { roomId });
      const { nodes, pageInfo } = room.messages;
      return (now) => openAround(now, nodes, pageInfo.hasPreviousPage, nodes.at(-1)?.seq ?? 0);
    });
  }

  /** Moves the window to a message, with context on both sides. Rejects when it is not there, or not now. */
  async function toMessage(id: string) {
    await turning;
    if (log.value?.messages.some((message) => message.id === id)) return;
    const moving = aroundMessage(id);
    await turn(() => moving);
    await moving;
  }

  async function aroundMessage(id: string): Promise<Add> {
    const { room } = await ask(messagesAround, { roomId, id });
    const { nodes, pageInfo } = room.messages;
    return (now) => openAround(now, nodes, pageInfo.hasPreviousPage, room.lastMessage?.seq ?? 0);
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

  return { note, loadOlder, loadNewer, toLatest, toMessage };
}
