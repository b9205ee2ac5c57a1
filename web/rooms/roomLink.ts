import { copyText } from '../ui/copyText';
import { notify } from '../ui/useNotice';
import type { Room } from './useRooms';

/** Copies the address of a public room. */
export async function copyRoomLink(room: Room) {
  const copied = await copyText(`${location.origin}/r/${room.id}`);
  if (copied) notify('Link copied. Whoever has an account here can join with it.');
}
