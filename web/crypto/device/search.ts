import type { RoomMessage } from './log.ts';
import type { Room } from './roomState.ts';

export interface Found {
  nodes: {
    message: Pick<RoomMessage, 'id' | 'body' | 'createdAt' | 'author' | 'integration' | 'files'> & { roomId: string };
    excerpt: { text: string; isMatch: boolean }[];
  }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

const PAGE = 20;
const CONTEXT = 60;

/**
 * Messages on this device whose text, or a file's name, has all the words or beginnings of them, newest first. Letters
 * count as the same in every case and with every accent. `after` is the `endCursor` of the page before.
 */
export function searchRooms(rooms: readonly Room[], text: string, after?: string): Found {
  const words = wordsOf(text);
  const hits = words.length ? rooms.flatMap((room) => hitsIn(room, words)) : [];
  hits.sort((a, b) => (a.message.createdAt < b.message.createdAt ? 1 : -1));
  const from = after ? hits.findIndex(({ message }) => message.id === after) + 1 : 0;
  const page = hits.slice(from, from + PAGE);
  const nodes = page.map(({ message, roomId }) => nodeOf(message, roomId, words));
  return { nodes, pageInfo: { hasNextPage: from + PAGE < hits.length, endCursor: page.at(-1)?.message.id ?? null } };
}

function hitsIn({ view, record }: Room, words: string[]) {
  return view
    .messages()
    .filter(
      ({ message }) =>
        !message.deletedAt && hasAll(`${message.body ?? ''} ${message.files.map(({ name }) => name).join(' ')}`, words),
    )
    .map(({ message }) => ({ message, roomId: record.id }));
}

function hasAll(text: string, words: string[]): boolean {
  const found = wordsOf(text);
  return words.every((word) => found.some((one) => one.startsWith(word)));
}

function nodeOf({ id, body, createdAt, author, integration, files }: RoomMessage, roomId: string, words: string[]) {
  return {
    message: { id, roomId, body, createdAt, author, integration, files },
    excerpt: excerptOf(body ?? '', words),
  };
}

/** The text around the first word that was found, in pieces. */
function excerptOf(body: string, words: string[]): { text: string; isMatch: boolean }[] {
  const pieces = [...body.matchAll(/[\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]+/gu)].map(([text]) => ({
    text,
    isMatch: words.some((word) => folded(text).startsWith(word)),
  }));
  const first = Math.max(
    0,
    pieces.findIndex(({ isMatch }) => isMatch),
  );
  const from = Math.max(0, first - CONTEXT / 4);
  return pieces.slice(from, from + CONTEXT);
}

const folded = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const wordsOf = (text: string): string[] => folded(text).match(/[\p{L}\p{N}]+/gu) ?? [];
