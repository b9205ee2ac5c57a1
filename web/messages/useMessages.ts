import { onScopeDispose, shallowRef } from 'vue';
import type { RoomLogSubscription } from '../gql/graphql';
import { errorCode, isFinal } from '../lib/errors';
import { subscribe } from '../lib/live';
import { pause, retryDelay } from '../lib/retry';
import {
  addMessage,
  addNewer,
  addOlder,
  applyEvent,
  isAtEnd,
  type Message,
  openLog,
  placeOf,
  type RoomEvent,
  type RoomLog,
  withChanges,
} from '../lib/roomStore';
import { ask } from '../request';
import { oncePerFrame } from './frame';
import { keepLog, takeLog } from './keptLogs';
import { latestMessages, newerMessages, olderMessages, roomLog } from './messageDocuments';

export interface MessagesOptions {
  viewerId: string;
  /** Whether the reader is at the end of the room. */
  following: () => boolean;
  /** Every entry of the log, once, in order. */
  onEvent: (event: RoomEvent) => void;
  /** The messages that arrived together. */
  onArrived: (messages: Message[]) => void;
}

/** Holds a room: its newest page, then its log, entry by entry without a gap; older and newer pages when asked. */
export function useMessages(roomId: string, { viewerId, following, onEvent, onArrived }: MessagesOptions) {
  const log = shallowRef<RoomLog>();
  const problem = shallowRef<unknown>();
  const changed = new Map<string, Message>();
  let received: RoomEvent[] = [];
  let holes = 0;
  let loading = false;
  let turning: Promise<void> | undefined;
  let closed = false;
  let unfollow = () => {};
  const applySoon = oncePerFrame(applyReceived);

  void open();
  onScopeDispose(close);

  async function open() {
    log.value = takeLog(`${viewerId} ${roomId}`) ?? (await latest());
    if (log.value && !closed) follow();
  }

  function close() {
    closed = true;
    unfollow();
    applyReceived();
    if (log.value && !problem.value) keepLog(`${viewerId} ${roomId}`, log.value);
  }

  /** The newest page, tried until it is there or refused for good. */
  async function latest(): Promise<RoomLog | undefined> {
    for (let attempt = 1; !closed; attempt++) {
      try {
        const { server, room } = await ask(latestMessages, { roomId });
        return openLog(room.messages.nodes, room.messages.pageInfo.hasPreviousPage, room.lastSeq, server.epoch);
      } catch (error) {
        if (isRefusal(error)) return void refuse(error);
        await pause(retryDelay(attempt));
      }
    }
  }

  function follow() {
    unfollow();
    unfollow = subscribe(roomLog, position, { next: receive, error: refuse, complete: onComplete });
  }

  function position() {
    applyReceived();
    return { roomId, after: log.value?.last, epoch: log.value?.epoch };
  }

  function receive({ roomLog: event }: RoomLogSubscription) {
    received.push(event);
    applySoon();
  }

  function refuse(error: unknown) {
    problem.value = error;
  }

  function onComplete() {
    applyReceived();
    return log.value?.ended ? undefined : 'again';
  }

  function applyReceived() {
    if (!log.value || loading) return;
    const events = received;
    received = [];
    const arrived = events.filter(applyOne).flatMap((event) => ('message' in event ? [event] : []));
    const fresh = arrived.filter(({ __typename }) => __typename === 'MessageSent').map(({ message }) => message);
    if (fresh.length) onArrived(fresh);
  }

  /** Whether the event was applied. What comes after a Reset waits until the room is loaded anew. */
  function applyOne(event: RoomEvent): boolean {
    const now = log.value as RoomLog;
    if (loading) {
      received.push(event);
      return false;
    }
    const place = placeOf(now, event);
    if (place === 'hole') onHole(now, event);
    if (place === 'hole' || place === 'seen') return false;
    log.value = applyEvent(now, event, { viewerId, following: following() });
    if (event.__typename === 'MessageEdited' || event.__typename === 'MessageDeleted') note(event.message);
    onEvent(event);
    if (place === 'reset') void reload();
    return true;
  }

  async function onHole({ last }: RoomLog, { seq }: RoomEvent) {
    if (holes++) return;
    console.error(`Room ${roomId}: entry ${seq} came after ${last}. Asking again from ${last}.`);
    unfollow();
    await pause(retryDelay(1));
    holes = 0;
    if (!closed) follow();
  }

  async function reload() {
    loading = true;
    const fresh = await latest();
    loading = false;
    if (!fresh || !log.value) return;
    log.value = { ...fresh, last: log.value.last };
    applyReceived();
  }

  /** A page asked for earlier can arrive later than an edit: what changed meanwhile is put over it. */
  function note(message: Message) {
    if (turning) changed.set(message.id, message);
  }

  function turn(fetchPage: (now: RoomLog) => Promise<(now: RoomLog) => RoomLog>): Promise<void> {
    turning ??= turnPage(fetchPage).finally(() => {
      changed.clear();
      turning = undefined;
    });
    return turning;
  }

  async function turnPage(fetchPage: (now: RoomLog) => Promise<(now: RoomLog) => RoomLog>) {
    try {
      const added = await fetchPage(log.value as RoomLog);
      log.value = withChanges(added(log.value as RoomLog), changed.values());
    } catch {
      await pause(1_000);
    }
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

  /** Moves the window to the end of the room. */
  async function toLatest() {
    await turning;
    if (!log.value || isAtEnd(log.value)) return;
    await turn(async () => {
      const { room } = await ask(latestMessages, { roomId });
      const { nodes, pageInfo } = room.messages;
      const newest = nodes.at(-1)?.seq ?? 0;
      return (now) => ({ ...now, messages: nodes, hasOlder: pageInfo.hasPreviousPage, newest: Math.max(now.newest, newest) });
    });
  }

  /** Takes in a message that the server gave as an answer, perhaps before the log tells of it. */
  function learn(message: Message) {
    note(message);
    if (log.value) log.value = addMessage(log.value, message, following());
  }

  return { log, problem, loadOlder, loadNewer, toLatest, learn };
}

function isRefusal(error: unknown) {
  const code = errorCode(error);
  return isFinal(code) || code === 'UNAUTHENTICATED';
}
