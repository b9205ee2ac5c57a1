import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CiphersuiteImpl } from 'ts-mls';
import { makeGenericHpke } from 'ts-mls/crypto/implementation/hpke.js';
import { constantTimeEqual } from 'ts-mls/util/constantTimeCompare.js';
import { concat } from '../bytes.ts';
import type { Signer } from './engine.ts';

/**
 * Which of this engine's changes of the wire a device knows, as `Device.engineVersion` says to others. Devices of
 * different versions share no group: a room comes to a new version by a new generation.
 */
export const ENGINE_VERSION = 1;

export const SUITE = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';

/** What the library computes with, and what it does not ask for. */
export interface Suite extends CiphersuiteImpl {
  /** The public key to a private one, as the tree holds it. */
  publicKeyOf(privateKey: Uint8Array): Promise<Uint8Array>;
}

/**
 * Cipher suite 1 of RFC 9420 §17.1. Public-key work and AES are WebCrypto's. Hashes are computed right here: a commit
 * takes some hundreds of small ones, and WebCrypto takes a turn of the event loop for each.
 */
export async function suiteOf(signer: Signer): Promise<Suite> {
  const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new Hkdf(), aead: new Aes128Gcm() });
  const algorithm = { kem: 'DHKEM-X25519-HKDF-SHA256', kdf: 'HKDF-SHA256', aead: 'AES128GCM' } as const;
  return {
    name: SUITE,
    hash,
    kdf,
    hpke: await makeGenericHpke(algorithm, aead, hpke),
    signature: { sign: (_, message) => signer.sign(new Uint8Array(message)), verify, keygen },
    publicKeyOf,
    rng: { randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  };
}

/** Whether this browser has what the suite needs: https (or localhost), and Ed25519 and X25519 in WebCrypto. */
export async function isSuiteSupported(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    return true;
  } catch {
    return false;
  }
}

const hash: CiphersuiteImpl['hash'] = {
  digest: async (data) => sha256(data),
  mac: async (key, data) => hmac(sha256, key, data),
  verifyMac: async (key, mac, data) => constantTimeEqual(mac, hmac(sha256, key, data)),
};

const kdf: CiphersuiteImpl['kdf'] = {
  extract: async (salt, ikm) => extract(sha256, ikm, salt),
  expand: async (prk, info, length) => expand(sha256, prk, info, length),
  size: 32,
};

/** The same for the key schedule of HPKE (RFC 9180 §5.1). */
class Hkdf extends HkdfSha256 {
  override extract: HkdfSha256['extract'] = async (salt, ikm) => copy(extract(sha256, view(ikm), view(salt)));

  override expand: HkdfSha256['expand'] = async (prk, info, length) =>
    copy(expand(sha256, view(prk), view(info), length));

  override extractAndExpand: HkdfSha256['extractAndExpand'] = async (salt, ikm, info, length) =>
    copy(expand(sha256, extract(sha256, view(ikm), view(salt)), view(info), length));
}

const view = (data: ArrayBufferLike | ArrayBufferView) =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
const copy = (data: Uint8Array) => new Uint8Array(data).buffer;

const aead = {
  async encrypt(key: Uint8Array, iv: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array) {
    const aes = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt']);
    return new Uint8Array(await crypto.subtle.encrypt(gcm(iv, additionalData), aes, new Uint8Array(plaintext)));
  },
  async decrypt(key: Uint8Array, iv: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array) {
    const aes = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['decrypt']);
    return new Uint8Array(await crypto.subtle.decrypt(gcm(iv, additionalData), aes, new Uint8Array(ciphertext)));
  },
};

const gcm = (iv: Uint8Array, additionalData: Uint8Array) => ({
  name: 'AES-GCM',
  iv: new Uint8Array(iv),
  additionalData: new Uint8Array(additionalData),
});

async function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message));
}

const PKCS8_X25519 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 9 : 0));

// By X25519 with the base point (RFC 7748 §5): some browsers do not export what they imported.
async function publicKeyOf(privateKey: Uint8Array) {
  const own = await crypto.subtle.importKey('pkcs8', concat(PKCS8_X25519, privateKey), 'X25519', false, ['deriveBits']);
  const base = await crypto.subtle.importKey('raw', BASE_POINT, 'X25519', false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: base }, own, 256));
}

function keygen(): never {
  throw new TypeError('A device brings its own signature key.');
}
