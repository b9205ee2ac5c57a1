import { watch } from 'vue';
import { asServed } from '../encryption/asDecrypted';
import { stored } from '../ui/stored';
import { keptSince } from './retention';
import type { Room } from './unreadCounts';

const SHOWN = 120;
const LATER = 1_000;
const nameOf = (viewerId: string | undefined) => `rooms ${viewerId}`;

/** The viewer's rooms as this browser last knew them, so that the list is there at once, and without a network. */
export function keptRooms(viewerId: string | undefined): Room[] {
  return JSON.parse(stored.get(nameOf(viewerId)) ?? '[]').map(withoutOld);
}

/** Keeps them from now on. Gives the function that stops it. */
export function keepRooms(viewerId: string | undefined, rooms: Map<string, Room>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The first time at once: whoever loses the network a moment later has the list.
  let wait = 0;
  const save = () => stored.set(nameOf(viewerId), JSON.stringify([...rooms.values()].map(short)));
  const stop = watch(
    () => [...rooms.values()],
    (now, before) => {
      clearTimeout(timer);
      // A room that was left does not come back with a reload.
      timer = setTimeout(save, now.length < before.length ? 0 : wait);
      wait = LATER;
    },
  );
  return () => {
    clearTimeout(timer);
    stop();
  };
}

// Of a message the list shows one line.
function short(room: Room): Room {
  const { lastMessage } = room;
  if (room.encryption !== 'NONE') return asServed(room);
  return lastMessage
    ? { ...room, lastMessage: { ...lastMessage, body: lastMessage.body?.slice(0, SHOWN) ?? null } }
    : room;
}

// What its room keeps no longer is not shown again, also without a network.
function withoutOld(room: Room): Room {
  const { lastMessage, retentionDays } = room;
  const old = retentionDays && lastMessage && lastMessage.createdAt < keptSince(retentionDays);
  return old ? { ...room, lastMessage: null } : room;
}
