import type { RoomSource } from '../messages/roomSource';
import { openCrypto } from './useCrypto';

const ASKED = [
  'latest',
  'older',
  'newer',
  'around',
  'notices',
  'pins',
  'send',
  'edit',
  'remove',
  'react',
  'pin',
  'search',
  'fileUrl',
] as const;
type Ask = (...given: unknown[]) => Promise<unknown>;

/** A room whose messages this device reads and the server does not. What reads them is loaded with the first question. */
export function encryptedRoom(roomId: string): RoomSource {
  const opened = async () => {
    const client = await openCrypto();
    return (await import('./start')).openedRoom(client, roomId);
  };
  const asked = ASKED.map((name): [string, Ask] => [
    name,
    async (...given) => ((await opened())[name] as Ask)(...given),
  ]);
  const follow: RoomSource['follow'] = (position, listener) => {
    let end = () => {};
    let ended = false;
    opened().then(
      (room) => {
        if (!ended) end = room.follow(position, listener);
      },
      (error) => listener.error?.(error),
    );
    return () => {
      ended = true;
      end();
    };
  };
  return { keeps: false, follow, ...Object.fromEntries(asked) } as unknown as RoomSource;
}
