import type { MLSMessage } from 'ts-mls';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
import { type Bytes, equal } from '../bytes.ts';
import { MlsError } from './errors.ts';

/** A fresh tree of 500 devices takes a quarter of it, in whatever message is the largest. */
export const MESSAGE_LIMIT = 1_048_576;

/** The message in these bytes, in the one encoding that it has (RFC 9420 §2.1). Reads a copy. */
export function readMessage(bytes: Uint8Array): MLSMessage {
  if (bytes.length > MESSAGE_LIMIT) throw new MlsError('TOO_LARGE', 'The message is larger than any that is made.');
  return orBadMessage(() => {
    const copy = new Uint8Array(bytes);
    const [message] = decodeMlsMessage(copy, 0) ?? [];
    if (!message || !equal(encodeMlsMessage(message), copy)) throw new Error('Not the encoding of a message.');
    return message;
  });
}

/** The same, of the one kind that can be used here. */
export function readMessageOf<Kind extends MLSMessage['wireformat']>(kind: Kind, bytes: Uint8Array) {
  const message = readMessage(bytes);
  if (message.wireformat !== kind) throw new MlsError('BAD_MESSAGE', `This is no ${kind.replaceAll('_', ' ')}.`);
  return message as Extract<MLSMessage, { wireformat: Kind }>;
}

type Content = MLSMessage extends infer Message
  ? Message extends MLSMessage
    ? Omit<Message, 'version'>
    : never
  : never;

export function writeMessage(content: Content): Bytes {
  const bytes = new Uint8Array(encodeMlsMessage({ ...content, version: 'mls10' } as MLSMessage));
  if (bytes.length > MESSAGE_LIMIT) throw new MlsError('TOO_LARGE', 'Nobody would read a message of this size.');
  return bytes;
}

const BAD = 'The message is damaged, or not for this group as it is here.';

/** What goes wrong on what others sent is their message's fault, whichever way the library says it. */
export function orBadMessage<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw asMlsError(cause);
  }
}

export async function orBadMessageLater<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw asMlsError(cause);
  }
}

const asMlsError = (cause: unknown) =>
  cause instanceof MlsError ? cause : new MlsError('BAD_MESSAGE', BAD, { cause });
