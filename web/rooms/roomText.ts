import { filesWords } from '../files/fileWords';
import type { RoomPartsFragment } from '../gql/graphql';
import { formatTime } from '../lib/formats';
import { plainWords } from '../messages/plainWords';

const weekday = new Intl.DateTimeFormat('en', { weekday: 'short' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const LONGEST = 120;
const week = 6 * 24 * 60 * 60 * 1000;

/** What a room is called: a direct room has the other person's name. An encrypted one is nameless until it is opened here. */
export function roomTitle(room: RoomPartsFragment): string {
  return room.name ?? room.directWith?.displayName ?? (room.kind === 'DIRECT' ? 'Deleted account' : 'Encrypted room');
}

/** The newest message in one line: "Ada: invoice is in". */
export function roomPreview(room: RoomPartsFragment, viewerId: string | undefined): string {
  const message = room.lastMessage;
  const text = plainWords(message?.body?.slice(0, LONGEST) ?? '') || filesWords(message?.files ?? []);
  if (!message || !text) return '';
  if (message.author && message.author.id === viewerId) return `You: ${text}`;
  if (room.kind === 'DIRECT' || !message.author) return text;
  return `${message.author.displayName.split(' ')[0]}: ${text}`;
}

/** "14:08" today, "Mon" within a week, "3 Feb" before. */
export function roomTime(room: RoomPartsFragment, now: Date): string {
  if (!room.lastMessage) return '';
  const at = new Date(room.lastMessage.createdAt);
  if (at.toDateString() === now.toDateString()) return formatTime(room.lastMessage.createdAt);
  return (now.getTime() - at.getTime() < week ? weekday : date).format(at);
}

export const people = (count: number) => (count === 1 ? '1 person' : `${count} people`);
