import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { SealedEvent } from '../crypto/types';
import { isRefusal } from '../lib/errors';
import { pause, retryDelay } from '../lib/retry';
import { addMessage, applyEvent, leadsTo, type Message, openLog, placeOf, type RoomLog } from '../lib/roomStore';
import { notify } from '../ui/useNotice';
import { onPersonChanged } from '../users/people';
import type { PersonNews } from '../users/personNow';
import { oncePerFrame } from './frame';
import { keepLog, storedLog, storeLog, takeLog } from './keptLogs';
import { sourceOf } from './roomSource';
import { useMessagePages } from './useMessagePages';
import { withPerson } from './withPerson';

export interface MessagesOptions {
  viewerId: string;
  /** Whether the reader is at the end of the room. */
  following: () => boolean;
  /** Every entry of the log, once, in order. */
  onEvent: (event: SealedEvent) => void;
  /** The messages that arrived together. */
  onArrived: (messages: Message[]) => void;
}

/** Holds a room: its newest page, then its log, entry by entry without a gap; older and newer pages when asked. */
export function useMessages(roomId: string, { viewerId, following, onEvent, onArrived }: MessagesOptions) {
  const log = shallowRef<RoomLog>();
  const problem = shallowRef<unknown>();
  /** What is shown is the room as it is now, or as it was when it was last heard of: not to be replaced at once. */
  const settled = ref(false);
  const source = sourceOf(roomId);
  const pages = useMessagePages(source, log);
  let received: SealedEvent[] = [];
  let known = 0;
  let holes = 0;
  let loading = false;
  let closed = false;
  let unfollow = () => {};
  const applySoon = oncePerFrame(applyReceived);

  const store = () => source.keeps && log.value && storeLog(viewerId, roomId, log.value);
  const storeSoon = onceIn(STORED_WITHIN, store);

  void open();
  watch(log, storeSoon);
  onScopeDispose(onPersonChanged(rename));
  addEventListener('pagehide', store);
  onScopeDispose(close);

  async function open() {
    const left = takeLog(roomId);
    log.value = left;
    if (!left) await load();
    if (!log.value || closed) return;
    known = log.value.newest;
    settled.value = true;
    follow();
    if (!left && log.value.last > (log.value.messages[0]?.seq ?? 0)) void pages.loadNotices();
  }

  /** First what this device has kept, then what the server says: that goes on from the former, or takes its place. */
  async function load() {
    const kept = await storedLog(viewerId, roomId);
    if (!closed) log.value = kept;
    const fresh = await latest();
    if (fresh && !(log.value && leadsTo(log.value, fresh))) log.value = fresh;
    // At once: whoever loses the network a moment later has the room.
    if (fresh) store();
  }

  function close() {
    closed = true;
    removeEventListener('pagehide', store);
    unfollow();
    applyReceived();
    if (!log.value || log.value.ended || problem.value) return;
    keepLog(roomId, log.value);
    store();
  }

  /** The newest page, tried until it is there or refused for good. */
  async function latest(): Promise<RoomLog | undefined> {
    for (let attempt = 1; !closed; attempt++) {
      try {
        const { messages, hasOlder, lastSeq, epoch } = await source.latest();
        return openLog(messages, hasOlder, lastSeq, epoch);
      } catch (error) {
        if (isRefusal(error)) return void refuse(error);
        settled.value = Boolean(log.value);
        await pause(retryDelay(attempt));
      }
    }
  }

  function follow() {
    unfollow();
    unfollow = source.follow(position, { next: receive, error: refuse, complete: onComplete });
  }

  function rename(news: PersonNews) {
    if (log.value) log.value = withPerson(log.value, news);
  }

  function position() {
    applyReceived();
    return { after: log.value?.last, epoch: log.value?.epoch };
  }

  function receive(event: SealedEvent) {
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
    const fresh = arrived.filter(({ __typename, seq }) => __typename === 'MessageSent' && seq > known);
    if (fresh.length) onArrived(fresh.map(({ message }) => message));
  }

  /** Whether the event was applied. What comes after a Reset waits until the room is loaded anew. */
  function applyOne(event: SealedEvent): boolean {
    const now = log.value as RoomLog;
    if (loading) {
      received.push(event);
      return false;
    }
    const place = placeOf(now, event);
    if (place === 'hole') onHole(now, event);
    if (place === 'hole' || place === 'seen') return false;
    log.value = applyEvent(now, event, { viewerId, following: following() });
    if ('message' in event) pages.note(event.message);
    onEvent(event);
    if (place === 'reset') void reload();
    return true;
  }

  async function onHole({ last }: RoomLog, { seq }: SealedEvent) {
    if (holes++) return;
    console.error(`Room ${roomId}: entry ${seq} came after ${last}. Asking again from ${last}.`);
    notify('Something was missing here, and is asked for again. Please report this as a bug.');
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

  /** Takes in a message that the server gave as an answer, perhaps before the log tells of it. */
  function learn(message: Message) {
    pages.note(message);
    if (log.value) log.value = addMessage(log.value, message, following());
  }

  const { loadOlder, loadNewer, toLatest, toMessage, toPosition } = pages;
  return { log, problem, settled, loadOlder, loadNewer, toLatest, toMessage, toPosition, learn };
}

const STORED_WITHIN = 3_000;

/** Calls back a while after the first of several calls. */
function onceIn(ms: number, callback: () => void): () => void {
  let due = false;
  const run = () => {
    due = false;
    callback();
  };
  return () => {
    if (!due) setTimeout(run, ms);
    due = true;
  };
}
