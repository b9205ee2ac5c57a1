import { createHmac, timingSafeEqual } from 'node:crypto';

// What every app can: SHA-1, six digits, thirty seconds.
const SECONDS = 30;
const DIGITS = 6;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code of that step (RFC 6238, RFC 4226). */
export function codeAt(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}

/** In which 30 seconds we are. */
export const stepAt = (moment: number) => Math.floor(moment / 1_000 / SECONDS);

/** The step whose code that is: this one or, as clocks differ, a neighbour. Null for a code that is wrong. */
export function stepOf(secret: Uint8Array, typed: string, moment = Date.now()): number | null {
  const code = Buffer.from(typed.replace(/\s/g, '').slice(0, 20));
  const now = stepAt(moment);
  const fits = (step: number) => {
    const right = Buffer.from(codeAt(secret, step));
    return right.length === code.length && timingSafeEqual(right, code);
  };
  return [now - 1, now, now + 1].find(fits) ?? null;
}

/** As apps take it, by camera or typed: base 32 without padding. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => LETTERS[Number.parseInt(five, 2)]).join('');
}
