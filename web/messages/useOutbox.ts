import { errorCode } from '../lib/errors';
import { connection, execute, retry } from '../lib/live';
import { Outbox, type Unsent } from '../lib/outbox';
import type { Message } from '../lib/roomStore';
import { act } from '../request';
import { sendMessage } from './messageDocuments';

type OnSent = (roomId: string, message: Message) => void;

const outboxes = new Map<string, Outbox<Message>>();
const listeners = new Set<OnSent>();

/** The one outbox of a person on this page. Starts sending what an earlier page left. */
export function useOutbox(viewerId: string): Outbox<Message> {
  const known = outboxes.get(viewerId) ?? new Outbox<Message>({ owner: viewerId, send, onSent });
  outboxes.set(viewerId, known);
  return known;
}

/** Calls back with every message that the server has acknowledged. Gives the function that stops it. */
export function onMessageSent(callback: OnSent): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

function onSent(roomId: string, message: Message) {
  for (const listener of listeners) listener(roomId, message);
}

/** Over the open socket; by a request when there is none or it does not answer. The id makes a second try harmless. */
async function send({ id, roomId, body, replyTo }: Unsent): Promise<Message> {
  const input = { id, roomId, body, replyTo: replyTo?.id };
  try {
    return (await execute(sendMessage, { input })).sendMessage;
  } catch (error) {
    if (Array.isArray(error) && errorCode(error) !== 'UNAUTHENTICATED') throw error;
    const answer = await act(sendMessage, { input });
    if (connection.value !== 'online') retry();
    return answer.sendMessage;
  }
}
