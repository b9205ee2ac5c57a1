import { onScopeDispose } from 'vue';
import type { Unsent, UnsentFile } from '../lib/outbox';
import type { Message, Quote } from '../lib/roomStore';
import { discard, onMessageSent, useOutbox } from './useOutbox';

/** What the viewer wrote in a room and the server has not acknowledged; `learn` takes in what it has. */
export function useUnsent(roomId: string, viewerId: string, learn: (message: Message) => void) {
  const outbox = useOutbox(viewerId);
  const stop = onMessageSent((sentTo, message) => sentTo === roomId && learn(message));
  onScopeDispose(stop);
  return {
    unsent: outbox.items(roomId),
    send: (body: string, replyTo?: Quote, files?: readonly UnsentFile[]) => outbox.add(roomId, body, replyTo, files),
    retry: (item: Unsent) => outbox.retry(item),
    discard: (item: Unsent) => discard(viewerId, item),
  };
}
