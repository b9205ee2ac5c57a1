import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concat } from '../bytes.ts';
import { fromBase64, randomBytes, toBase64, toHex, uint32 } from '../primitives.ts';
import { CHUNK, cut, TAG } from './chunks.ts';
import type { FileKey } from './content.ts';
import { SealError } from './errors.ts';

/** What opens a file: the part of a `FileKey` that encrypting it gives. */
export type FileSecret = Pick<FileKey, 'key' | 'sha256' | 'size'>;

/**
 * Encrypts a file of any size as it flows, under a key of its own. `secret` resolves once `sealed` has been read to
 * its end, and rejects when the source fails. Form: docs/encryption.md, "Files".
 */
export function encryptFile(file: ReadableStream<Uint8Array>): {
  sealed: ReadableStream<Bytes>;
  secret: Promise<FileSecret>;
} {
  const key = randomBytes(32);
  const hash = sha256.create();
  const aes = importKey(key, 'encrypt');
  let size = 0;
  const each = async (plaintext: Bytes, number: number, last: boolean) => {
    const chunk = new Uint8Array(await crypto.subtle.encrypt(rule(number, last), await aes, plaintext));
    size += plaintext.length;
    hash.update(chunk);
    return chunk;
  };
  const made = () => ({ key: toBase64(key), sha256: toHex(hash.digest()), size });
  let sealed = new ReadableStream<Bytes>();
  const secret = new Promise<FileSecret>((resolve, reject) => {
    sealed = cut(file, CHUNK, { each, end: () => resolve(made()), fail: reject });
  });
  // Whoever reads the stream hears of the failure there as well.
  secret.catch(() => {});
  return { sealed, secret };
}

/**
 * Decrypts a file as it flows. Each chunk that comes out is what was put in, at its place; that all of it came, and of
 * the very file that the message names, is certain only at the end. The stream fails with a `SealError` BAD_FILE.
 */
export function decryptFile(sealed: ReadableStream<Uint8Array>, secret: FileSecret): ReadableStream<Bytes> {
  const hash = sha256.create();
  const aes = importKey(fromBase64(secret.key) ?? new Uint8Array(), 'decrypt').catch(refuse);
  // It is awaited with the first chunk: until then nobody would have caught its failure.
  aes.catch(() => {});
  let size = 0;
  return cut(sealed, CHUNK + TAG, {
    async each(chunk, number, last) {
      hash.update(chunk);
      const plaintext = await crypto.subtle.decrypt(rule(number, last), await aes, chunk).catch(refuse);
      size += plaintext.byteLength;
      return new Uint8Array(plaintext);
    },
    end() {
      if (toHex(hash.digest()) !== secret.sha256 || size !== secret.size) refuse();
    },
  });
}

// Numbers below 2^32 make nonces that are never used twice with the key of one file; the flag says where it ends.
const rule = (number: number, last: boolean) => ({
  name: 'AES-GCM',
  iv: concat(new Uint8Array(8), uint32(number)),
  additionalData: concat(uint32(number), Uint8Array.of(last ? 1 : 0)),
});

const importKey = (key: Bytes, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use]);

function refuse(cause?: unknown): never {
  throw new SealError('BAD_FILE', 'This file is damaged, or not the one that was sent: ask for it again.', { cause });
}
