import { errorCode } from '../lib/errors';
import { Outbox, type Unsent } from '../lib/outbox';
import type { Message } from '../lib/roomStore';
import { sourceOf } from './roomSource';

type OnSent = (roomId: string, message: Message) => void;

const outboxes = new Map<string, Outbox<Message>>();
const listeners = new Set<OnSent>();

/** The one outbox of a person on this page. Starts sending what an earlier page left. */
export function useOutbox(viewerId: string): Outbox<Message> {
  const known = outboxes.get(viewerId) ?? openOutbox(viewerId);
  outboxes.set(viewerId, known);
  return known;
}

/** Calls back with every message that the server has acknowledged. Gives the function that stops it. */
export function onMessageSent(callback: OnSent): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** Forgets a message that was not sent, and its files. */
export const discard = (viewerId: string, item: Unsent) => useOutbox(viewerId).discard(item);

// Files are not what every page needs.
const uploadsOf = async (viewerId: string) => (await import('../files/uploads')).uploadsOf(viewerId);

function openOutbox(viewerId: string) {
  function onSent({ roomId, files }: Unsent, message: Message) {
    for (const listener of listeners) listener(roomId, message);
    if (files) void uploadsOf(viewerId).then((uploads) => uploads.sent(files));
  }

  function onDiscarded({ files }: Unsent) {
    if (files) void uploadsOf(viewerId).then((uploads) => files.map(uploads.drop));
  }

  return new Outbox<Message>({ owner: viewerId, send: (item) => sendWhole(viewerId, item), onSent, onDiscarded });
}

/** First the files, then the message that names them. Those that have waited too long for it are brought anew, once. */
async function sendWhole(viewerId: string, item: Unsent): Promise<Message> {
  const source = sourceOf(item.roomId);
  if (!item.files) return source.send(item);
  const uploads = await uploadsOf(viewerId);
  try {
    return await source.send(item, await uploads.ready(item));
  } catch (error) {
    if (errorCode(error) !== 'NOT_FOUND') throw error;
    await uploads.sendAgain(item);
    return source.send(item, await uploads.ready(item));
  }
}
