import { z } from 'zod';
import { pageMessages } from '../messages/messagePages.ts';
import type { MessageState } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import { getRoom } from '../rooms/rooms.ts';
import type { Chat } from './chat.ts';
import { historyFrame, odd, sendFrame } from './frames.ts';
import { refuseEncrypted } from './refusals.ts';

const PAGE = 100;

/** Shows the latest messages, up to the position of this moment: what comes after it is for the live part. */
export async function showLatest(chat: Chat): Promise<void> {
  const position = await readPosition(chat);
  const messages = await messagesBefore(chat, position + 1);
  chat.shown = position;
  await sendFrame(chat.socket, historyFrame(messages));
}

/** Shows the messages before that one; the latest when none is named. */
export async function showBefore(chat: Chat, id: string | undefined): Promise<void> {
  const end = await readPosition(chat);
  const position = id === undefined ? end + 1 : await positionOf(chat, id);
  await sendFrame(chat.socket, historyFrame(await messagesBefore(chat, position)));
}

/** Whether a message still has a text to show. */
export const stands = ({ body, deletedAt }: MessageState) => body !== null && deletedAt === null;

// The membership is checked after the position was read: up to there, everything was said while it lasted.
async function readPosition({ core, viewer, roomId }: Chat): Promise<number> {
  const room = await getRoom(core, viewer, roomId);
  refuseEncrypted(room);
  return room.lastSeq;
}

async function positionOf({ core, roomId }: Chat, id: string): Promise<number> {
  const [entry] = z.guid().safeParse(id).success ? await findEntries(core.db, [id]) : [];
  if (entry?.kind !== 'MESSAGE' || entry.roomId !== roomId.toLowerCase()) throw odd();
  return entry.seq;
}

// Deleted messages are passed over, however many there are, so that a page is only short at the beginning of the room.
async function messagesBefore({ core, viewer, roomId }: Chat, position: number): Promise<MessageState[]> {
  const found: MessageState[] = [];
  for (let before = position; found.length < PAGE; ) {
    const page = await pageMessages(core, viewer, roomId, { last: PAGE, before: String(before) });
    found.unshift(...page.nodes.filter(stands));
    if (!page.hasPreviousPage) break;
    before = page.nodes[0]?.seq ?? 0;
  }
  return found.slice(-PAGE);
}
