import { type Bytes, concat, equal } from '../bytes.ts';
import { randomBytes } from '../primitives.ts';
import { RecoveryError } from './errors.ts';

// Crockford's: without I, L, O and U, which are read or heard as others.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SYMBOLS = 56;
const GROUP = 4;
const SECRET = 32;
const CHECK = 3;

/** A new recovery key: 32 random bytes that open all that an account has kept at the server, and nobody else can. */
export const makeRecoveryKey = (): Bytes => randomBytes(SECRET);

/**
 * A recovery key as people keep it: 14 groups of four characters. The 256 bits are followed by a CRC-24 (RFC 9580
 * §6.1.1), which notices each mistyped character, each two that changed places and any four in a row.
 */
export function writeRecoveryKey(key: Bytes): string {
  if (key.length !== SECRET) throw new TypeError('A recovery key has 32 bytes.');
  return groupsOf(toSymbols(concat(key, crc24(key)))).join(' ');
}

/**
 * The key that somebody typed: small letters, spaces and hyphens do not matter, and neither does O for 0, or I and L
 * for 1. Throws a `RecoveryError` TYPO.
 */
export function readRecoveryKey(typed: string): Bytes {
  const symbols = normal(typed);
  const bytes = symbols.length === SYMBOLS ? fromSymbols(symbols) : undefined;
  const key = bytes?.subarray(0, SECRET);
  if (!bytes || !key || !equal(crc24(key), bytes.subarray(SECRET))) throw typo(symbols.length);
  return key;
}

/** Whether somebody has the key at hand: they typed its group at this position (from 0). */
export const isGroup = (key: Bytes, position: number, typed: string): boolean =>
  groupsOf(normal(writeRecoveryKey(key)))[position] === normal(typed);

/** How many groups a written key has. */
export const GROUPS = SYMBOLS / GROUP;

const normal = (typed: string) => typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');

const groupsOf = (symbols: string) => symbols.match(/.{4}/g) ?? [];

const typo = (length: number) =>
  new RecoveryError(
    'TYPO',
    length === SYMBOLS
      ? 'A character of this recovery key is wrong: compare it with what you kept.'
      : `A recovery key has ${SYMBOLS} characters, and this has ${length}: compare it with what you kept.`,
  );

function toSymbols(bytes: Bytes): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
}

function fromSymbols(symbols: string): Bytes | undefined {
  const values = Array.from(symbols, (symbol) => ALPHABET.indexOf(symbol));
  if (values.includes(-1)) return undefined;
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2));
}

function crc24(bytes: Uint8Array): Bytes {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x800000 ? 0x1864cfb : 0);
  }
  return Uint8Array.from({ length: CHECK }, (_, n) => (crc >> (16 - 8 * n)) & 0xff);
}
