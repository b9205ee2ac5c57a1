import { isOfEncryption, type LogEntry } from '../realtime/entry.ts';
import type { Notices } from '../realtime/notices.ts';
import type { RoomReader } from '../realtime/roomReader.ts';
import { subscribeToRoom } from '../rooms/roomSubscription.ts';
import { subscribeToTyping, type TypingNotice } from '../typing/typing.ts';
import { type Chat, END, SocketEnd, whenClosed } from './chat.ts';
import { messageFrame, sendFrame, typingFrame } from './frames.ts';
import { showLatest, stands } from './history.ts';
import { encrypted } from './refusals.ts';

/**
 * Shows the history, and gives the log that goes on from it. The log is joined first and the position of the history
 * is read then: what both have is dropped by position, and nothing falls between them.
 */
export async function openLog(chat: Chat): Promise<RoomReader> {
  const log = await subscribeToRoom(chat.core, chat.viewer, chat.roomId, {});
  whenClosed(chat.closed, () => void log.return());
  await showLatest(chat);
  return log;
}

/** Sends every message from here on, until the membership ends. */
export async function followRoom(chat: Chat, log: RoomReader): Promise<void> {
  for await (const news of log) {
    if (news.kind === 'RESET') await showLatest(chat);
    else await show(chat, news);
  }
  throw new SocketEnd(END.noRoom, 'You are not in this room any more');
}

/** Hears who is typing, from here on. */
export async function openTyping(chat: Chat): Promise<Notices<TypingNotice>> {
  const notices = await subscribeToTyping(chat.core, chat.viewer, chat.roomId);
  whenClosed(chat.closed, () => void notices.return());
  return notices;
}

/** Passes on who is typing. */
export async function followTyping(chat: Chat, notices: Notices<TypingNotice>): Promise<void> {
  for await (const { user } of notices) await sendFrame(chat.socket, typingFrame(user));
}

// Edits, deletions and memberships have no frame in this protocol.
async function show(chat: Chat, entry: LogEntry): Promise<void> {
  if (isOfEncryption(entry)) throw encrypted();
  const { seq, kind, message } = entry;
  if (seq <= chat.shown) return;
  chat.shown = seq;
  if (kind === 'MESSAGE' && message && stands(message)) await sendFrame(chat.socket, messageFrame(message));
}
