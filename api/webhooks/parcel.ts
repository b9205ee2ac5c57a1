import { createHmac } from 'node:crypto';
import type { EntryKind, WebhookEvent } from '../db/model.ts';
import type { LogEntry, MessageState } from '../realtime/entry.ts';
import type { Person } from '../realtime/person.ts';

const EVENTS: Partial<Record<EntryKind, WebhookEvent>> = {
  MESSAGE: 'MESSAGE_SENT',
  MESSAGE_EDITED: 'MESSAGE_EDITED',
  MESSAGE_DELETED: 'MESSAGE_DELETED',
  MEMBER_JOINED: 'MEMBER_JOINED',
  MEMBER_LEFT: 'MEMBER_LEFT',
  MEMBER_REMOVED: 'MEMBER_LEFT',
  ROOM_CHANGED: 'ROOM_CHANGED',
};

/** What an entry of the log is to webhooks; undefined when they are told nothing of it. */
export const eventOf = (entry: LogEntry): WebhookEvent | undefined => EVENTS[entry.kind];

/** What a webhook is sent of an entry: JSON in the form that Standard Webhooks recommends. */
export function textOf(entry: LogEntry, event: WebhookEvent): string {
  const { roomId, seq, at, actor, subject, detail, message } = entry;
  const data = {
    roomId,
    seq,
    ...(message && { message: shortMessage(message) }),
    ...(subject && { user: shortPerson(subject) }),
    ...(actor && !message && { by: shortPerson(actor) }),
    ...(event === 'ROOM_CHANGED' && { name: detail?.name, topic: detail?.topic }),
  };
  return JSON.stringify({ type: event.toLowerCase().replace('_', '.'), timestamp: at, data });
}

const shortPerson = ({ id, username, displayName }: Person) => ({ id, username, displayName });

function shortMessage({ id, seq, author, integration, body, replyTo, createdAt, editedAt, deletedAt }: MessageState) {
  const writer = author && shortPerson(author);
  return { id, seq, author: writer, integration, body, replyTo: replyTo?.id ?? null, createdAt, editedAt, deletedAt };
}

/** What is sent: `id` is the same in every try. */
export interface Parcel {
  id: string;
  at: Date;
  body: string;
  secret: Uint8Array;
}

/** The headers of Standard Webhooks 1.0: whoever has the secret can tell who sent it, and that it is not an old one. */
export function signedHeaders({ id, at, body, secret }: Parcel): Record<string, string> {
  const seconds = Math.floor(at.getTime() / 1_000);
  const signature = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
