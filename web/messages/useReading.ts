import { onScopeDispose, type Ref, shallowRef } from 'vue';
import { isRefusal } from '../lib/errors';
import { pause, retryDelay } from '../lib/retry';
import type { Message, RoomLog } from '../lib/roomStore';
import { act, ask } from '../request';
import { useWhileVisible } from '../ui/useWhileVisible';
import { markRead, markUnread, roomReading } from './messageDocuments';
import type { UnreadMark } from './messageRows';

export interface ReadingOptions {
  roomId: string;
  viewerId: string;
  log: Readonly<Ref<RoomLog | undefined>>;
  /** The position up to which messages are in view, now. */
  seen: () => number;
}

const AFTER = 600;

/** How far the viewer has read: told to the server as they read on, unless they said that it is to stay unread. */
export function useReading({ roomId, viewerId, log, seen }: ReadingOptions) {
  const mark = shallowRef<UnreadMark>();
  /** Up to where they have read, by the server's word. */
  const upTo = shallowRef<number>();
  // Until it is known how far they had read, and they are where they begin, nothing is told: it would be lost.
  let told = Number.POSITIVE_INFINITY;
  let begun = false;
  let kept = false;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Settles once it is known how far they had read: `mark` is where the new begins, if anything is new. */
  const known = arrive();
  useWhileVisible(() => look());
  onScopeDispose(() => {
    closed = true;
    clearTimeout(timer);
  });

  async function arrive() {
    for (let attempt = 1; !closed; attempt++) {
      try {
        const { room } = await ask(roomReading, { roomId });
        if (room.unreadCount) mark.value ??= { after: room.readSeq, count: room.unreadCount };
        told = room.readSeq;
        upTo.value = told;
        return look();
      } catch (error) {
        if (isRefusal(error)) return;
        await pause(retryDelay(attempt));
      }
    }
  }

  /** They are where they begin to read. */
  function begin() {
    begun = true;
    look();
  }

  /** Call it when what is in view may have changed. */
  function look() {
    timer ??= setTimeout(() => {
      timer = undefined;
      void tell();
    }, AFTER);
  }

  async function tell() {
    const seq = document.visibilityState === 'visible' && begun && !kept ? seen() : 0;
    if (seq <= told) return;
    const before = told;
    told = seq;
    // What could not be told now is told with the next message that is read.
    await act(markRead, { roomId, seq }).then(
      () => {
        upTo.value = seq;
      },
      () => {
        told = before;
      },
    );
  }

  /** Leaves a message and what follows unread, on every device, for as long as this room stays open here. */
  async function keepUnread({ seq }: Message) {
    const later = log.value?.messages.filter((one) => one.seq >= seq && one.author?.id !== viewerId) ?? [];
    mark.value = { after: seq - 1, count: later.length };
    kept = true;
    told = seq - 1;
    await act(markUnread, { roomId, seq });
  }

  /** What is read from here on counts again. */
  function readOn() {
    kept = false;
    look();
  }

  return { mark, upTo, known, begin, look, keepUnread, readOn };
}
