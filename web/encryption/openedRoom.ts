import type { CryptoClient, SentFile } from '../crypto/types';
import { refusal } from '../lib/errors';
import type { Unsent } from '../lib/outbox';
import type { RoomSource } from '../messages/roomSource';

/** A room whose messages this device reads and the server does not, as the page asks for it. */
export function openedRoom({ source: of, rooms }: CryptoClient, roomId: string): Omit<RoomSource, 'keeps'> {
  const source = of(roomId);
  return {
    ...source,
    around: async (place) => ({
      ...(await source.around(place)),
      newest: rooms.get(roomId)?.lastMessage?.seq ?? 0,
    }),
    follow: (position, listener) => source.follow(() => ({ after: 0, epoch: '', ...position() }), listener),
    send: (item, fileIds) => source.send(item, fileIds && sentFiles(item, fileIds)),
  };
}

function sentFiles({ files = [] }: Unsent, ids: readonly string[]): SentFile[] {
  return files.flatMap(({ sealed, name, type, width, height, placeholder }, place) => {
    const id = ids[place];
    if (!sealed || !id) throw refusal('INVALID_INPUT', `${name} was not encrypted.`);
    return {
      id,
      name,
      type,
      key: sealed,
      ...(width && height && { width, height }),
      ...(placeholder && { placeholder }),
    };
  });
}
