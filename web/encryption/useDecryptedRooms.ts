import { watch } from 'vue';
import type { SealedRoom } from '../crypto/types';
import { hasEncrypted } from './pinnedRooms';
import { openCrypto, useCrypto } from './useCrypto';

// What the page keeps for later must not make it late.
const LATER = 4_000;

/** Calls back with each encrypted room of which this device knows something new. Gives the function that ends it. */
export function onDecrypted(callback: (now: SealedRoom, before: SealedRoom | undefined) => void): () => void {
  const client = useCrypto();
  let known = new Map<string, SealedRoom>();
  return watch(
    () => new Map(client.value?.rooms),
    (rooms) => {
      const before = known;
      known = rooms;
      for (const [id, room] of rooms) if (room !== before.get(id)) callback(room, before.get(id));
    },
    { immediate: true },
  );
}

/**
 * Makes this browser a device once the page is at rest: others can begin an encrypted conversation only with who has
 * one. Where there are encrypted rooms already, their names are waited for: at once.
 */
export function openWhenIdle() {
  const open = () => void openCrypto().catch(() => undefined);
  if (hasEncrypted()) open();
  else setTimeout(open, LATER);
}
