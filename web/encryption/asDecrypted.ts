import type { SealedRoom } from '../crypto/types';
import type { Room } from '../rooms/unreadCounts';
import { useCrypto } from './useCrypto';

const client = useCrypto();

/** A room of the list with what only this device knows of it: the name, the newest message, who is called. */
export function asDecrypted(room: Room): Room {
  const known = client.value?.rooms.get(room.id);
  if (room.encryption === 'NONE' || !known) return room;
  return {
    ...room,
    name: room.kind === 'DIRECT' ? null : known.name || null,
    topic: known.topic,
    lastMessage: newest(room, known),
    mentionCount: room.kind === 'DIRECT' ? room.unreadCount : calls(room, known),
  };
}

/** An encrypted room as it may be written to the browser's storage: what was encrypted is not in it. */
export function asServed(room: Room): Room {
  const lastMessage = room.lastMessage && { ...room.lastMessage, body: null, files: [], mentions: [] };
  return { ...room, name: null, topic: '', lastMessage };
}

function newest({ lastMessage }: Room, known: SealedRoom): Room['lastMessage'] {
  if (!known.lastMessage || known.lastMessage.seq < (lastMessage?.seq ?? 0)) return lastMessage;
  return { ...known.lastMessage, mentions: [], mentionsRoom: false };
}

const calls = ({ readSeq, unreadCount }: Room, { mentionsAfter }: SealedRoom) =>
  Math.min(unreadCount, mentionsAfter.filter((seq) => seq > readSeq).length);
