import { fromBase64, toBase64 } from '../primitives.ts';
import type { HistoryContent } from '../sealing/content.ts';
import { SealError } from '../sealing/errors.ts';
import { decodeMessageKeys, encodeMessageKeys } from '../sealing/messageKeys.ts';
import type { MessageKey } from '../sealing/seal.ts';

/** So many keys fit into one event: 450 · 128 characters. */
export const HISTORY_PAGE = 450;

/**
 * What tells a new device the keys of earlier messages, in the order given, as one event or several. Who shares them
 * vouches for the senders: the new device cannot check these.
 */
export function shareHistory(deviceId: string, keys: readonly MessageKey[]): HistoryContent[] {
  return Array.from({ length: Math.ceil(keys.length / HISTORY_PAGE) }, (_, n) => ({
    type: 'history',
    target: deviceId,
    keys: toBase64(encodeMessageKeys(keys.slice(n * HISTORY_PAGE, (n + 1) * HISTORY_PAGE))),
  }));
}

/** The keys in such an event. Throws `SealError` BAD_KEYS. */
export function sharedKeys({ keys }: HistoryContent): MessageKey[] {
  const bytes = fromBase64(keys);
  if (!bytes) throw new SealError('BAD_KEYS', 'This list of keys is damaged.');
  return decodeMessageKeys(bytes);
}
