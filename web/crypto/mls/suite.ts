import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CiphersuiteImpl } from 'ts-mls';
import { CryptoError } from 'ts-mls/mlsError.js';
import { constantTimeEqual } from 'ts-mls/util/constantTimeCompare.js';
import type { Bytes } from '../bytes.ts';
import { encrypt, newKeyPair, verify } from '../primitives.ts';
import type { Signer } from './engine.ts';
import { deriveKeyPair, generateKeyPair, open, opened, publicKeyOf, receiveSecret, seal, sendSecret } from './hpke.ts';

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
  return {
    name: SUITE,
    hash,
    kdf,
    hpke,
    signature: {
      sign: (_, message) => signer.sign(copy(message)),
      verify: (key, message, signature) => verify(copy(key), copy(message), copy(signature)),
      keygen,
    },
    publicKeyOf: (privateKey) => publicKeyOf(new Uint8Array(privateKey)),
    rng: { randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  };
}

/** Whether this browser has what the suite needs: https (or localhost), and Ed25519 and X25519 in WebCrypto. */
export async function isSuiteSupported(): Promise<boolean> {
  try {
    await newKeyPair('Ed25519', ['sign', 'verify']);
    await newKeyPair('X25519', ['deriveBits']);
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

const KEY = 32;

/** Keys are the bytes that stand in the tree. */
const hpke = {
  open: (key: Bytes, enc: Bytes, ciphertext: Bytes, info: Bytes, aad = new Uint8Array()) =>
    refusing(open(key, copy(enc), copy(info), copy(aad), copy(ciphertext))),
  seal: (key: Bytes, plaintext: Bytes, info: Bytes, aad = new Uint8Array()) =>
    refusing(seal(key, copy(info), copy(aad), copy(plaintext))),
  exportSecret: (key: Bytes, context: Bytes, length: number, info: Bytes) =>
    refusing(sendSecret(key, copy(info), copy(context), length)),
  importSecret: (key: Bytes, context: Bytes, enc: Bytes, length: number, info: Bytes) =>
    refusing(receiveSecret(key, copy(enc), copy(info), copy(context), length)),
  importPrivateKey: imported,
  importPublicKey: imported,
  exportPrivateKey: async (key: Bytes) => key,
  exportPublicKey: async (key: Bytes) => key,
  encryptAead: (key: Uint8Array, nonce: Uint8Array, aad = new Uint8Array(), plaintext: Uint8Array) =>
    encrypt(copy(key), copy(nonce), copy(plaintext), copy(aad)),
  decryptAead: (key: Uint8Array, nonce: Uint8Array, aad = new Uint8Array(), ciphertext: Uint8Array) =>
    refusing(opened(copy(key), copy(nonce), copy(ciphertext), copy(aad))),
  deriveKeyPair: (ikm: Uint8Array) => deriveKeyPair(copy(ikm)),
  generateKeyPair,
  keyLength: 16,
  nonceLength: 12,
  // The library passes keys on, and never looks into them.
} as unknown as CiphersuiteImpl['hpke'];

async function imported(key: Uint8Array): Promise<Bytes> {
  if (key.length !== KEY) throw new CryptoError(`A key has ${KEY} bytes, and this has ${key.length}.`);
  return copy(key);
}

/** What cannot be opened is an error of the library's own kind, as it expects it. */
const refusing = <Result>(made: Promise<Result>): Promise<Result> =>
  made.catch((problem) => {
    throw new CryptoError(`${problem}`);
  });

const copy = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

function keygen(): never {
  throw new TypeError('A device brings its own signature key.');
}
