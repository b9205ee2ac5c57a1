import type { RawData } from 'ws';
import type { Core } from '../core.ts';
import { isUnavailable } from '../db/driverErrors.ts';
import { AppError } from '../errors.ts';
import { sendMessage } from '../messages/messages.ts';
import { setTyping } from '../typing/typing.ts';
import { type Chat, endOf, endSocket } from './chat.ts';
import { errorFrame, messageFrame, readFrame, sendFrame, type Wish } from './frames.ts';
import { showBefore, stands } from './history.ts';

/** Does what a frame asks for. What is refused is told to the sender alone, and the socket goes on. Never rejects. */
export async function receive(chat: Chat, data: RawData, isBinary: boolean): Promise<void> {
  try {
    await fulfil(chat, readFrame(data, isBinary));
  } catch (error) {
    if (endOf(error)) return endSocket(chat, error);
    await sendFrame(chat.socket, errorFrame(sentenceFor(chat.core, error)));
  }
}

async function fulfil(chat: Chat, wish: Wish): Promise<void> {
  if (wish.wants === 'say') return say(chat, wish);
  if (wish.wants === 'history') return showBefore(chat, wish.before);
  return setTyping(chat.core, chat.viewer, chat.roomId);
}

// The message comes back as an entry of the log, as to everyone. One that was sent before brings no entry: whoever
// tries again is answered with the same frame.
async function say(chat: Chat, message: { id: string; body: string }): Promise<void> {
  const { shown } = chat;
  const sent = await sendMessage(chat.core, chat.viewer, chat.roomId, message);
  if (sent.seq <= shown && stands(sent)) await sendFrame(chat.socket, messageFrame(sent));
}

function sentenceFor(core: Core, error: unknown): string {
  if (error instanceof AppError) return error.code === 'RATE_LIMITED' ? 'You are sending too fast.' : error.message;
  if (!isUnavailable(error)) core.log.error('legacySocket.bug', { error });
  return 'An error occurred.';
}
