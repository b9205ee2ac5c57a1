import { type Bytes, concat, equal, utf8, uuidFromBytes, uuidToBytes } from '../bytes.ts';
import { decrypt, derive, encrypt, randomBytes, sha256 } from '../primitives.ts';
import { type Content, contentOf, type UnknownContent } from './content.ts';
import { SealError } from './errors.ts';
import { pad, unpad } from './padding.ts';

/**
 * A message in two layers. The header goes into MLS, so that it proves who wrote it; the body lies beside it, encrypted
 * with a key that only the header has, so that it can be deleted, and so that a key alone can be kept or handed on.
 */
export interface Sealed {
  /** What MLS is to encrypt: 81 bytes, to which `withHead` may add. */
  header: Bytes;
  /** What the server keeps beside it: at most 64 kB, of a length that says little (Padmé). */
  body: Bytes;
  /** What opens the body without the header. */
  key: BodyKey;
}

/** What opens one body, whoever holds it. */
export interface BodyKey {
  /** Of the message or event, as the server knows it. */
  id: string;
  /** 32 random bytes. */
  key: Bytes;
  /** SHA-256 of the body. */
  hash: Bytes;
}

/** A key with the account that wrote the message, as MLS proved it to whoever kept the key. */
export interface MessageKey extends BodyKey {
  senderId: string;
}

export interface Opened {
  content: Content | UnknownContent;
  /** When it was written, in ms, by the clock of its sender. */
  at: number;
}

/** A sealed body is at most this long. */
export const BODY_LIMIT = 65_536;

const HEADER_LENGTH = 1 + 16 + 32 + 32;
export const HEAD_LENGTH = 16 + 4 + 16;
/** By version, how long a header is. */
const LENGTHS: Record<number, number> = { 1: HEADER_LENGTH, 2: HEADER_LENGTH + HEAD_LENGTH };
const COMMITMENT_LENGTH = 32;
// A key encrypts one body, ever.
const NONCE = new Uint8Array(12);

/** Seals what the message or event with this id says. Throws `SealError` BAD_CONTENT or TOO_LARGE. */
export async function seal(id: string, content: Content, at: number): Promise<Sealed> {
  const plaintext = pad(utf8(JSON.stringify({ ...known(content), at })));
  const key = randomBytes(32);
  const body = concat(await commitment(key), await encrypt(await bodyKey(key), NONCE, plaintext, context(id)));
  if (body.length > BODY_LIMIT) throw new SealError('TOO_LARGE', 'This is more than one message can hold.');
  const hash = await sha256(body);
  return { header: concat(Uint8Array.of(1), uuidToBytes(id), key, hash), body, key: { id, key, hash } };
}

/** The header of version 2, which says how far its sender has seen the log. Nothing to say: as it was. */
export const withHead = (header: Bytes, head: Bytes): Bytes =>
  head.length ? concat(Uint8Array.of(2), header.subarray(1), head) : header;

/** What a header says of the log; nothing in version 1. */
export const headIn = (header: Bytes): Bytes => header.slice(HEADER_LENGTH);

/** Reads a header that MLS decrypted. Throws `SealError` BAD_HEADER. */
export function openHeader(header: Uint8Array): BodyKey {
  if (header.length !== LENGTHS[header[0] ?? 0]) {
    throw new SealError('BAD_HEADER', 'This message is in a form that this version of shh does not know.');
  }
  const [id, key, hash] = [header.slice(1, 17), header.slice(17, 49), header.slice(49, HEADER_LENGTH)];
  return { id: uuidFromBytes(id), key, hash };
}

/** Opens the body that a header or a kept key speaks of. Throws `SealError` WRONG_BODY, BAD_BODY or BAD_CONTENT. */
export async function openBody({ id, key, hash }: BodyKey, body: Bytes): Promise<Opened> {
  if (body.length > BODY_LIMIT || !equal(await sha256(body), hash)) throw wrongBody();
  const committed = equal(body.subarray(0, COMMITMENT_LENGTH), await commitment(key));
  const ciphertext = body.slice(COMMITMENT_LENGTH);
  const plaintext = committed && (await decrypt(await bodyKey(key), NONCE, ciphertext, context(id)));
  if (!plaintext) throw wrongBody();
  const value = parse(plaintext);
  return { content: contentOf(value), at: timeIn(value) };
}

const bodyKey = (key: Bytes) => derive(key, 'shh body key v1');
// AES-GCM alone would let one ciphertext have two keys and two meanings.
const commitment = (key: Bytes) => derive(key, 'shh body commitment v1');
const context = (id: string) => concat(utf8('shh body v1'), uuidToBytes(id));

function known(content: Content): Content {
  const checked = contentOf(content);
  if (checked.type === 'unknown') throw new SealError('BAD_CONTENT', 'This version cannot say that.');
  return checked;
}

function parse(padded: Bytes): unknown {
  const bytes = unpad(padded);
  if (!bytes) throw badBody();
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw badBody(cause);
  }
}

function timeIn(value: unknown): number {
  const { at } = value as { at?: unknown };
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) throw badBody();
  return at;
}

const wrongBody = () => new SealError('WRONG_BODY', 'The server holds something else than what was sent here.');
const badBody = (cause?: unknown) =>
  new SealError('BAD_BODY', 'This message was put together wrongly by whoever sent it.', { cause });
