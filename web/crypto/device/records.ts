import type { Bytes } from '../bytes.ts';
import { fromBase64, toBase64 } from '../primitives.ts';

/** A value as bytes: JSON, with `Uint8Array`s as Base64 in it. */
export function encodeRecord(value: unknown): Bytes {
  return new TextEncoder().encode(
    JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? boxed(part) : part)),
  );
}

/** The inverse of `encodeRecord`. */
export function decodeRecord<Value>(bytes: Uint8Array): Value {
  return JSON.parse(new TextDecoder().decode(bytes), (_, part) => unboxed(part));
}

const MARK = '\u0000bytes';

const boxed = (bytes: Uint8Array) => ({ [MARK]: toBase64(bytes) });
const unboxed = (part: unknown) => {
  const text = (part as Record<string, string> | null)?.[MARK];
  return typeof text === 'string' ? fromBase64(text) : part;
};

/** Base64 without `+`, `/` and `=`, for addresses (RFC 4648 §5). */
export const toBase64Url = (bytes: Uint8Array) =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** The inverse of `toBase64Url`; nothing when it is not that. */
export const fromBase64Url = (text: string): Bytes | undefined =>
  fromBase64(
    text
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .padEnd(Math.ceil(text.length / 4) * 4, '='),
  );
