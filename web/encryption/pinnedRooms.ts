import { useViewer } from '../auth/useViewer';
import { stored } from '../ui/stored';

/*
 * The rooms that this browser has once seen as encrypted, by id. Nothing in plain text goes there, whatever the server
 * says later. They are in the browser's storage, so that it is known before anything else is loaded.
 */
const known = new Map<string, Set<string>>();

export const pinsKey = (viewerId: string | undefined) => `encrypted ${viewerId}`;

/** Whether a room is encrypted, or ever was. */
export const isEncrypted = (roomId: string): boolean => pins().has(roomId);

export const encryptedRoomIds = (): string[] => [...pins()];

export const hasEncrypted = (): boolean => pins().size > 0;

/** It is, from now on. */
export function pin(roomId: string) {
  if (isEncrypted(roomId)) return;
  const rooms = pins().add(roomId);
  stored.set(pinsKey(owner()), JSON.stringify([...rooms]));
}

const owner = () => useViewer().viewer.value?.id ?? '';

function pins(): Set<string> {
  const rooms = known.get(owner()) ?? new Set<string>(JSON.parse(stored.get(pinsKey(owner())) ?? '[]'));
  known.set(owner(), rooms);
  return rooms;
}
