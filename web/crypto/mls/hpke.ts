import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, utf8 } from '../bytes.ts';
import { decrypt, encrypt, randomBytes } from '../primitives.ts';

/*
 * HPKE in base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM: all that MLS asks of it. Of
 * a context one message is encrypted, so there is no counter.
 */
export interface KeyPair {
  privateKey: Bytes;
  publicKey: Bytes;
}

const SECRET = 32;
const KEM = concat(utf8('KEM'), Uint8Array.of(0, 0x20));
const HPKE = concat(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 1));
const NOTHING = new Uint8Array();
const BASE_MODE = Uint8Array.of(0);

/** Encrypts for whoever holds the private key (§6.1). */
export async function seal(publicKey: Bytes, info: Bytes, aad: Bytes, plaintext: Bytes) {
  const { secret, enc } = await encapsulated(publicKey);
  const { key, nonce } = contextOf(secret, info);
  return { enc, ct: await encrypt(key, nonce, plaintext, aad) };
}

/** The inverse of `seal`. Rejects what was not made for this key. */
export async function open(privateKey: Bytes, enc: Bytes, info: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes> {
  const { key, nonce } = contextOf(await decapsulated(privateKey, enc), info);
  return opened(key, nonce, ciphertext, aad);
}

/** The inverse of `encrypt`. Rejects what was not made with this key. */
export async function opened(key: Bytes, nonce: Bytes, ciphertext: Bytes, aad: Bytes): Promise<Bytes> {
  const plaintext = await decrypt(key, nonce, ciphertext, aad);
  if (!plaintext) throw new Error('This was not encrypted with this key.');
  return plaintext;
}

/** A secret that only the holder of the private key can find as well (§6.2). */
export async function sendSecret(publicKey: Bytes, info: Bytes, exporterContext: Bytes, length: number) {
  const { secret, enc } = await encapsulated(publicKey);
  return { enc, secret: contextOf(secret, info).exported(exporterContext, length) };
}

export async function receiveSecret(
  privateKey: Bytes,
  enc: Bytes,
  info: Bytes,
  exporterContext: Bytes,
  length: number,
): Promise<Bytes> {
  return contextOf(await decapsulated(privateKey, enc), info).exported(exporterContext, length);
}

/** The pair that some secret bytes make (§7.1.3). */
export async function deriveKeyPair(ikm: Bytes): Promise<KeyPair> {
  const prk = labelledExtract(KEM, NOTHING, 'dkp_prk', ikm);
  const privateKey = labelledExpand(KEM, prk, 'sk', NOTHING, SECRET);
  return { privateKey, publicKey: await publicKeyOf(privateKey) };
}

export async function generateKeyPair(): Promise<KeyPair> {
  const privateKey = randomBytes(SECRET);
  return { privateKey, publicKey: await publicKeyOf(privateKey) };
}

/** By X25519 with the base point (RFC 7748 §5): some browsers do not export what they imported. */
export const publicKeyOf = (privateKey: Bytes): Promise<Bytes> => agreed(privateKey, BASE_POINT);

const BASE_POINT = Uint8Array.from({ length: SECRET }, (_, at) => (at === 0 ? 9 : 0));
// A PrivateKeyInfo of X25519 (RFC 8410 §7) up to the key itself.
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/** X25519. WebCrypto refuses a public key that would lead to a secret that everybody knows. */
async function agreed(privateKey: Bytes, publicKey: Bytes): Promise<Bytes> {
  const own = await crypto.subtle.importKey('pkcs8', concat(PKCS8, notZero(privateKey)), 'X25519', false, [
    'deriveBits',
  ]);
  const other = await crypto.subtle.importKey('raw', publicKey, 'X25519', false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: other }, own, 8 * SECRET));
}

/** The same key to X25519, which clears the last three bits of its first byte: WebKitGTK imports none that begins with a zero byte. */
function notZero(privateKey: Bytes): Bytes {
  const same = new Uint8Array(privateKey);
  same[0] = (same[0] ?? 0) | 1;
  return same;
}

async function encapsulated(publicKey: Bytes) {
  const { privateKey, publicKey: enc } = await generateKeyPair();
  return { enc, secret: shared(await agreed(privateKey, publicKey), enc, publicKey) };
}

async function decapsulated(privateKey: Bytes, enc: Bytes): Promise<Bytes> {
  return shared(await agreed(privateKey, enc), enc, await publicKeyOf(privateKey));
}

// ExtractAndExpand (§4.1).
function shared(agreement: Bytes, enc: Bytes, publicKey: Bytes): Bytes {
  const prk = labelledExtract(KEM, NOTHING, 'eae_prk', agreement);
  return labelledExpand(KEM, prk, 'shared_secret', concat(enc, publicKey), SECRET);
}

// KeySchedule (§5.1), without a key that was shared before.
function contextOf(sharedSecret: Bytes, info: Bytes) {
  const ids = labelledExtract(HPKE, NOTHING, 'psk_id_hash', NOTHING);
  const context = concat(BASE_MODE, ids, labelledExtract(HPKE, NOTHING, 'info_hash', info));
  const secret = labelledExtract(HPKE, sharedSecret, 'secret', NOTHING);
  const exporter = labelledExpand(HPKE, secret, 'exp', context, SECRET);
  return {
    key: labelledExpand(HPKE, secret, 'key', context, 16),
    nonce: labelledExpand(HPKE, secret, 'base_nonce', context, 12),
    exported: (exporterContext: Bytes, length: number) =>
      labelledExpand(HPKE, exporter, 'sec', exporterContext, length),
  };
}

const VERSION = utf8('HPKE-v1');

const labelledExtract = (suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Bytes =>
  new Uint8Array(extract(sha256, concat(VERSION, suite, utf8(label), ikm), salt));

function labelledExpand(suite: Bytes, prk: Bytes, label: string, info: Bytes, length: number): Bytes {
  const labelled = concat(Uint8Array.of(length >> 8, length & 255), VERSION, suite, utf8(label), info);
  return new Uint8Array(expand(sha256, prk, labelled, length));
}
