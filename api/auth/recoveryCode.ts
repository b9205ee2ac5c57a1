import { randomBytes } from 'node:crypto';
import { z } from 'zod';

// Crockford's base 32: no I, L, O or U, so that nothing can be misread.
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SECRET = 26;
const CHECK = 2;
// A prime: one wrong letter, or two neighbours that changed places, always show.
const MODULUS = 1_021;

/** A new code: 130 random bits and a check, as seven groups of four. */
export function newRecoveryCode(): string {
  const secret = [...randomBytes(SECRET)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
  return inGroups(secret + checkOf(secret));
}

/** A code as somebody typed it: capitals, spaces and dashes do not matter, nor does O for 0 or I and L for 1. */
export const RecoveryCode = z
  .string('This field is required.')
  .transform((typed) =>
    typed.slice(0, 100).toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1'),
  )
  .refine(isWhole, 'This is not a whole recovery code: compare it with what you kept, letter by letter.')
  .transform(inGroups);

function isWhole(code: string): boolean {
  const letters = [...code].every((letter) => LETTERS.includes(letter));
  return letters && code.length === SECRET + CHECK && checkOf(code.slice(0, SECRET)) === code.slice(SECRET);
}

function checkOf(secret: string): string {
  const rest = [...secret].reduce((sum, letter) => (sum * 32 + LETTERS.indexOf(letter)) % MODULUS, 0);
  return `${LETTERS[rest >> 5]}${LETTERS[rest & 31]}`;
}

function inGroups(code: string): string {
  return (code.match(/.{4}/g) ?? []).join('-');
}
