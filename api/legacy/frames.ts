import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { MessageState } from '../realtime/entry.ts';
import type { Person } from '../realtime/person.ts';

/** What a client wants. */
export type Wish =
  | { wants: 'say'; id: string; body: string }
  | { wants: 'typing' }
  | { wants: 'history'; before: string | undefined };

type Frame = { type?: unknown; message?: unknown; before?: unknown; id?: unknown };

/** What a frame asks for, INVALID_INPUT with the sentence to answer when that cannot be told. */
export function readFrame(data: RawData, isBinary: boolean): Wish {
  const frame = parseFrame(data, isBinary);
  const type = frame.type ?? (frame.message === 'typing' ? 'typing' : 'message');
  if (type === 'typing' || type === 'user_typing') return { wants: 'typing' };
  if (type === 'message_history') return { wants: 'history', before: textOr(frame.before, undefined) };
  if (type !== 'message' && type !== 'chat_message') throw odd();
  // Other clients of this protocol number their frames: what is no UUID is no id of ours.
  const id = z.uuid().safeParse(frame.id);
  return { wants: 'say', id: id.success ? id.data : randomUUID(), body: textOr(frame.message, '') };
}

/** The refusal of a frame that is JSON and asks for nothing that we know. */
export const odd = () => new AppError('INVALID_INPUT', 'An error occurred.');

export const messageFrame = (message: MessageState) => {
  const { id, message: body, ...rest } = shown(message);
  return { type: 'message', id, message: body, ...rest };
};
export const historyFrame = (messages: MessageState[]) => ({ type: 'message_history', messages: messages.map(shown) });
export const typingFrame = ({ username }: Person) => ({ type: 'typing', user: username, username });
export const errorFrame = (message: string) => ({ type: 'error', message });

/** Sends a frame. Resolves when it has left, so that whoever does not read is not sent more; never rejects. */
export function sendFrame(socket: WebSocket, frame: object): Promise<void> {
  return new Promise((resolve) => socket.send(JSON.stringify(frame), () => resolve()));
}

function parseFrame(data: RawData, isBinary: boolean): Frame {
  const text = data.toString();
  if (!isBinary && text.trim() === '') throw new AppError('INVALID_INPUT', 'Received empty message.');
  const value = isBinary ? undefined : fromJson(text);
  if (value === undefined) throw new AppError('INVALID_INPUT', 'Invalid JSON format.');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw odd();
  return value;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOr<Otherwise>(value: unknown, otherwise: Otherwise): string | Otherwise {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'string') return value;
  throw odd();
}

// No name that can be registered looks like this one.
const NOBODY = '[deleted]';

function shown({ id, author, integration, body, createdAt }: MessageState) {
  const name = author?.username ?? integration ?? NOBODY;
  return { id, user: name, username: name, message: body, timestamp: createdAt };
}
