import { encryptedRoomIds } from '../encryption/pinnedRooms';
import type { SearchMessagesQuery } from '../gql/graphql';
import { sourceOf } from '../messages/roomSource';
import { ask } from '../request';
import { searchMessages as document } from './searchDocument';

export interface FoundMessages {
  nodes: SearchMessagesQuery['search']['nodes'];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** Asks the server, or this device for what the server cannot read; in all rooms both, this device's first. */
export async function searchMessages(text: string, roomId?: string, after?: string): Promise<FoundMessages> {
  if (roomId) return sourceOf(roomId).search?.(text, after) ?? searchServer(text, roomId, after);
  const [served, ...own] = await Promise.all([
    searchServer(text, undefined, after),
    ...(after ? [] : searchDevice(text)),
  ]);
  return { ...served, nodes: [...own.flatMap(({ nodes }) => nodes), ...served.nodes].sort(newestFirst) };
}

const searchServer = async (text: string, roomId?: string, after?: string) =>
  (await ask(document, { text, roomId, after })).search;

// A room that cannot be opened now has nothing to find.
const NOTHING: FoundMessages = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };
const searchDevice = (text: string) =>
  encryptedRoomIds().map(
    (id) =>
      sourceOf(id)
        .search?.(text)
        .catch(() => NOTHING) ?? NOTHING,
  );

const newestFirst = (a: FoundMessages['nodes'][number], b: FoundMessages['nodes'][number]) =>
  b.message.createdAt.localeCompare(a.message.createdAt);
