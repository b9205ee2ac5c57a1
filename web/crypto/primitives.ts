import { type Bytes, utf8 } from './bytes.ts';

export const randomBytes = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

export const sha256 = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** A new pair of signature or agreement keys, for which this browser may have to try again: WebKitGTK fails with one in a hundred. */
export async function newKeyPair(algorithm: string, usages: KeyUsage[]): Promise<CryptoKeyPair> {
  for (let tries = 1; ; tries++)
    try {
      return (await crypto.subtle.generateKey(algorithm, false, usages)) as CryptoKeyPair;
    } catch (error) {
      if (tries === TRIES || (error as Error).name !== 'OperationError') throw error;
    }
}
const TRIES = 8;

/** HKDF-SHA256 (RFC 5869) of 32 random bytes, without salt: 32 bytes for each purpose. */
export async function derive(secret: Bytes, purpose: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const rule = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(purpose) };
  return new Uint8Array(await crypto.subtle.deriveBits(rule, key, 256));
}

/** AES-GCM, with 128 or 256 bits as the key has. A nonce (12 bytes) must be used once with a key. */
export async function encrypt(key: Bytes, nonce: Bytes, plaintext: Bytes, context: Bytes): Promise<Bytes> {
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt(gcm(nonce, context), aes, plaintext));
}

/** The inverse of `encrypt`; nothing when the key, the nonce, the context or any bit is another. */
export async function decrypt(key: Bytes, nonce: Bytes, ciphertext: Bytes, context: Bytes): Promise<Bytes | undefined> {
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const plaintext = await crypto.subtle.decrypt(gcm(nonce, context), aes, ciphertext).catch(() => undefined);
  return plaintext && new Uint8Array(plaintext);
}

/** Whether the signature (Ed25519) is of whoever has the private key. Rejects when the key is none. */
export async function verify(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, signature, message);
}

const gcm = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData });

/** Base64 (RFC 4648 §4), padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The inverse of `toBase64`; nothing when the text is not its result for some bytes. */
export function fromBase64(text: string): Bytes | undefined {
  if (!isBase64(text)) return undefined;
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}

/** Whether the text has the form, whatever its last bits. */
export const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(text);

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A 32-bit number, big-endian. */
export function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
