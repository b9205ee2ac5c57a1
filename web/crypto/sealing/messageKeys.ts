import { type Bytes, concat, uuidFromBytes, uuidToBytes } from '../bytes.ts';
import { SealError } from './errors.ts';
import type { MessageKey } from './seal.ts';

const LENGTH = 16 + 32 + 32 + 16;

/** For each key 96 bytes: message id (16) ‖ key (32) ‖ hash of the body (32) ‖ account of the sender (16). */
export function encodeMessageKeys(keys: readonly MessageKey[]): Bytes {
  return concat(...keys.flatMap(({ id, key, hash, senderId }) => [uuidToBytes(id), key, hash, uuidToBytes(senderId)]));
}

/** The inverse of `encodeMessageKeys`. Throws `SealError` BAD_KEYS. */
export function decodeMessageKeys(bytes: Uint8Array): MessageKey[] {
  if (bytes.length % LENGTH !== 0) throw new SealError('BAD_KEYS', 'This list of keys is cut short.');
  return Array.from({ length: bytes.length / LENGTH }, (_, n) => decode(bytes.slice(n * LENGTH, (n + 1) * LENGTH)));
}

const decode = (bytes: Bytes): MessageKey => ({
  id: uuidFromBytes(bytes.subarray(0, 16)),
  key: bytes.slice(16, 48),
  hash: bytes.slice(48, 80),
  senderId: uuidFromBytes(bytes.subarray(80)),
});
