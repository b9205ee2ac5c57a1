import { type Bytes, concat, utf8, uuidToBytes } from '../bytes.ts';
import { decrypt, derive, encrypt, randomBytes, uint32 } from '../primitives.ts';
import { decodeMessageKeys, encodeMessageKeys } from '../sealing/messageKeys.ts';
import type { MessageKey } from '../sealing/seal.ts';
import { RecoveryError } from './errors.ts';

/** Which segment of which room's keys it is. */
export interface SegmentPlace {
  accountId: string;
  roomId: string;
  /** From 0. */
  n: number;
}

export interface Segment {
  keys: MessageKey[];
  /** How often it had been written before. */
  revision: number;
}

/** A segment is full with so many keys (48 kB); the next ones go into the next segment. */
export const SEGMENT_KEYS = 500;

const FORM = 1;
const HEAD = 1 + 4 + 12;

/** What encrypts the backup of an account's message keys. All that a device needs to write it; not the recovery key itself. */
export const backupKeyOf = (recoveryKey: Bytes): Promise<Bytes> => derive(recoveryKey, 'shh recovery v1 backup');

/** Encrypts keys of messages for this place: form (1) ‖ revision (4) ‖ nonce (12) ‖ AES-256-GCM. */
export async function sealSegment(backupKey: Bytes, place: SegmentPlace, { keys, revision }: Segment): Promise<Bytes> {
  if (keys.length > SEGMENT_KEYS) throw new TypeError(`A segment has at most ${SEGMENT_KEYS} keys.`);
  const nonce = randomBytes(12);
  const ciphertext = await encrypt(backupKey, nonce, encodeMessageKeys(keys), contextOf(place, revision));
  return concat(Uint8Array.of(FORM), uint32(revision), nonce, ciphertext);
}

/**
 * The inverse of `sealSegment`. Throws a `RecoveryError`: WRONG_KEY when the key, the account, the room or the number is
 * another, OUTDATED when it is of an earlier revision than this device knows of (`atLeast`), SealError BAD_KEYS never
 * but for a device that wrote nonsense.
 */
export async function openSegment(backupKey: Bytes, place: SegmentPlace, blob: Bytes, atLeast = 0): Promise<Segment> {
  if (blob[0] !== FORM || blob.length < HEAD) throw foreign();
  const revision = new DataView(blob.buffer, blob.byteOffset).getUint32(1);
  const plaintext = await decrypt(backupKey, blob.slice(5, HEAD), blob.slice(HEAD), contextOf(place, revision));
  if (!plaintext) throw foreign();
  if (revision < atLeast) throw new RecoveryError('OUTDATED', 'The server gives an older backup than it had.');
  return { keys: decodeMessageKeys(plaintext), revision };
}

const contextOf = ({ accountId, roomId, n }: SegmentPlace, revision: number) =>
  concat(utf8('shh backup v1'), uuidToBytes(accountId), uuidToBytes(roomId), uint32(n), uint32(revision));

const foreign = () => new RecoveryError('WRONG_KEY', 'This part of the backup is not of this recovery key.');
