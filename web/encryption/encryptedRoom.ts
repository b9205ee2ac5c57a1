import type { CryptoClient, SealedSource, SentFile } from '../crypto/types';
import type { Unsent } from '../lib/outbox';
import type { RoomSource } from '../messages/roomSource';
import { openCrypto } from './useCrypto';

/** A room whose messages this device reads and the server does not. What reads them is loaded with the first question. */
export function encryptedRoom(roomId: string): RoomSource {
  const opened = async <Answer>(asked: (source: SealedSource, client: CryptoClient) => Promise<Answer>) => {
    const client = await openCrypto();
    return asked(client.source(roomId), client);
  };
  return {
    keeps: false,
    latest: () => opened((source) => source.latest()),
    older: (before) => opened((source) => source.older(before)),
    newer: (after) => opened((source) => source.newer(after)),
    around: (place) =>
      opened(async (source, { rooms }) => {
        const page = await source.around(place);
        return { ...page, newest: rooms.get(roomId)?.lastMessage?.seq ?? 0 };
      }),
    notices: (after, before) => opened((source) => source.notices(after, before)),
    follow: (position, listener) => {
      let end = () => {};
      let ended = false;
      opened(async (source) => {
        if (!ended) end = source.follow(() => ({ after: 0, epoch: '', ...position() }), listener);
      }).catch((error) => listener.error?.(error));
      return () => {
        ended = true;
        end();
      };
    },
    pins: () => opened((source) => source.pins()),
    send: (item, fileIds) => opened((source) => source.send(item, fileIds && sentFiles(item, fileIds))),
    edit: (id, body) => opened((source) => source.edit(id, body)),
    remove: (id) => opened((source) => source.remove(id)),
    react: (id, emoji, on) => opened((source) => source.react(id, emoji, on)),
    pin: (id, on) => opened((source) => source.pin(id, on)),
    search: (text, after) => opened((source) => source.search(text, after)),
    fileUrl: (file) => opened((source) => source.fileUrl(file)),
  };
}

function sentFiles({ files = [] }: Unsent, ids: readonly string[]): SentFile[] {
  return files.flatMap(({ sealed, name, type, width, height, placeholder }, place) => {
    const id = ids[place];
    if (!sealed || !id) throw [{ message: `${name} was not encrypted.`, extensions: { code: 'INVALID_INPUT' } }];
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
