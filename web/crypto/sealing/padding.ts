import type { Bytes } from '../bytes.ts';

const SHORTEST = 256;
const END = 0x80;

/**
 * The length to which something is padded: 256, or what Padmé says (Nikitin et al., PETS 2019, §4): at most 12 % more,
 * and the length shows O(log log n) bits of what it was.
 */
export function paddedLength(length: number): number {
  if (length <= SHORTEST) return SHORTEST;
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}

/** Ends the bytes with 0x80 and fills with zeros (ISO/IEC 7816-4) up to a padded length. */
export function pad(bytes: Uint8Array): Bytes {
  const padded = new Uint8Array(paddedLength(bytes.length + 1));
  padded.set(bytes);
  padded[bytes.length] = END;
  return padded;
}

/** The inverse of `pad`; nothing when the bytes are not padded just so. */
export function unpad(padded: Bytes): Bytes | undefined {
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== END || paddedLength(end + 1) !== padded.length) return undefined;
  return padded.subarray(0, end);
}
