import { type Bytes, concat, equal, utf8, uuidToBytes } from '../bytes.ts';

/** An account and the key by which it is known. */
export interface Party {
  accountId: string;
  accountKey: Bytes;
}

const ITERATIONS = 5_200;
const QR_VERSION = 1;

/**
 * 60 digits in 12 groups of five, the same on both sides exactly when both see the same two keys. The half of each
 * account is made of its key and id alone (PBKDF2-HMAC-SHA-512, 30 bytes, each five of them modulo 100,000), and the
 * smaller half stands first.
 */
export async function safetyNumber(one: Party, other: Party): Promise<string> {
  const halves = await Promise.all([half(one), half(other)]);
  return halves.sort().join(' ');
}

/** What a QR code says: version (1) ‖ own account id (16) ‖ own key (32) ‖ the other's id (16) ‖ the other's key (32). */
export const qrPayload = (own: Party, other: Party): Bytes =>
  concat(Uint8Array.of(QR_VERSION), bytesOf(own), bytesOf(other));

/**
 * 'same': both see the same keys. 'different': somebody stands between them, or one has changed the key. 'others': the
 * code is not that of the other for oneself. 'unreadable': no such code.
 */
export type ScannedCode = 'same' | 'different' | 'others' | 'unreadable';

/** What a scanned code says of what this device sees. */
export function compareScanned(scanned: Uint8Array, own: Party, other: Party): ScannedCode {
  const expected = qrPayload(other, own);
  if (scanned.length !== expected.length || scanned[0] !== QR_VERSION) return 'unreadable';
  if (equal(scanned, expected)) return 'same';
  return idsIn(scanned).every((id, n) => equal(id, idsIn(expected)[n] ?? id)) ? 'different' : 'others';
}

const idsIn = (payload: Uint8Array) => [payload.subarray(1, 17), payload.subarray(49, 65)];
const bytesOf = ({ accountId, accountKey }: Party) => concat(uuidToBytes(accountId), accountKey);

async function half({ accountId, accountKey }: Party): Promise<string> {
  const key = await crypto.subtle.importKey('raw', accountKey, 'PBKDF2', false, ['deriveBits']);
  const salt = concat(utf8('shh safety number v1'), uuidToBytes(accountId));
  const rule = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: ITERATIONS };
  const bytes = new DataView(await crypto.subtle.deriveBits(rule, key, 240));
  return Array.from({ length: 6 }, (_, n) => digits(bytes, 5 * n)).join(' ');
}

const digits = (bytes: DataView, at: number) =>
  String((bytes.getUint32(at) * 256 + bytes.getUint8(at + 4)) % 100_000).padStart(5, '0');
