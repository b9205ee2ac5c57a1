import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { CiphersuiteImpl } from 'ts-mls';
import { concat, utf8 } from '../../web/crypto/bytes.ts';
import type { Signer } from '../../web/crypto/mls/engine.ts';
import { SUITE, type Suite, suiteOf } from '../../web/crypto/mls/suite.ts';

/**
 * The same suite written a second time, on node:crypto and from RFC 9180 and RFC 5869: a third of the CPU in Node, and
 * what either computes the other must be able to read.
 */
export const nodeSuiteOf = (signer: Signer) => suiteWith(signer, AES);

/** Suite 3 of RFC 9420 §17.1, which differs in its AEAD alone. */
export const chachaSuiteOf = (signer: Signer) => suiteWith(signer, CHACHA);

async function suiteWith(signer: Signer, aead: Aead): Promise<Suite> {
  const suite = await suiteOf(signer);
  return {
    ...suite,
    name: aead.suite,
    hash,
    kdf,
    publicKeyOf: async (raw) => pairOf(raw).publicKey.raw,
    hpke: hpkeWith(aead) as unknown as CiphersuiteImpl['hpke'],
    signature: { ...suite.signature, verify: async (key, message, signature) => isSigned(key, message, signature) },
  };
}

interface Aead {
  suite: CiphersuiteImpl['name'];
  /** RFC 9180 §7.3. */
  id: number;
  cipher: 'aes-128-gcm' | 'chacha20-poly1305';
  keyLength: number;
}

const AES: Aead = { suite: SUITE, id: 1, cipher: 'aes-128-gcm', keyLength: 16 };
const CHACHA: Aead = {
  suite: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
  id: 3,
  cipher: 'chacha20-poly1305',
  keyLength: 32,
};

function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(key) }, format: 'jwk' });
  return verify(null, message, publicKey, signature);
}

const none = new Uint8Array();
const hmac = (key: Uint8Array, data: Uint8Array) => new Uint8Array(createHmac('sha256', key).update(data).digest());

const hash: CiphersuiteImpl['hash'] = {
  digest: async (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  mac: async (key, data) => hmac(key, data),
  verifyMac: async (key, mac, data) => mac.length === 32 && timingSafeEqual(mac, hmac(key, data)),
};

const extract = (salt: Uint8Array, ikm: Uint8Array) => hmac(salt, ikm);

function expand(prk: Uint8Array, info: Uint8Array, length: number) {
  const blocks: Uint8Array[] = [];
  for (let at = 1; (at - 1) * 32 < length; at++) {
    blocks.push(hmac(prk, concat(blocks.at(-1) ?? none, info, Uint8Array.of(at))));
  }
  return concat(...blocks).subarray(0, length);
}

const kdf: CiphersuiteImpl['kdf'] = {
  extract: async (salt, ikm) => extract(salt, ikm),
  expand: async (prk, info, length) => expand(prk, info, length),
  size: 32,
};

interface Key {
  raw: Uint8Array;
  object: KeyObject;
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

function privateKey(raw: Uint8Array): Key {
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(raw), x: base64url(raw) };
  return { raw, object: createPrivateKey({ key: jwk, format: 'jwk' }) };
}

function publicKey(raw: Uint8Array): Key {
  if (raw.length !== 32) throw new RangeError('An X25519 key has 32 bytes.');
  return { raw, object: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(raw) }, format: 'jwk' }) };
}

function pairOf(raw: Uint8Array) {
  const own = privateKey(raw);
  const { x = '' } = createPublicKey(own.object).export({ format: 'jwk' });
  return { privateKey: own, publicKey: publicKey(new Uint8Array(Buffer.from(x, 'base64url'))) };
}

const VERSION = utf8('HPKE-v1');
const KEM = concat(utf8('KEM'), Uint8Array.of(0, 0x20));
const hpkeId = ({ id }: Aead) => concat(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, id));

/** RFC 9180 §4. */
const labeledExtract = (suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) =>
  extract(salt, concat(VERSION, suite, utf8(label), ikm));
const labeledExpand = (suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
  expand(prk, concat(Uint8Array.of(length >> 8, length & 255), VERSION, suite, utf8(label), info), length);

/** RFC 9180 §4.1. */
function sharedSecret(own: Key, other: Key, enc: Uint8Array, recipient: Uint8Array) {
  const dh = diffieHellman({ privateKey: own.object, publicKey: other.object });
  const prk = labeledExtract(KEM, none, 'eae_prk', dh);
  return labeledExpand(KEM, prk, 'shared_secret', concat(enc, recipient), 32);
}

/** RFC 9180 §5.1, base mode. */
function schedule(aead: Aead, shared: Uint8Array, info: Uint8Array) {
  const HPKE = hpkeId(aead);
  const pskIdHash = labeledExtract(HPKE, none, 'psk_id_hash', none);
  const context = concat(Uint8Array.of(0), pskIdHash, labeledExtract(HPKE, none, 'info_hash', info));
  const secret = labeledExtract(HPKE, shared, 'secret', none);
  return {
    key: labeledExpand(HPKE, secret, 'key', context, aead.keyLength),
    nonce: labeledExpand(HPKE, secret, 'base_nonce', context, 12),
    exporter: labeledExpand(HPKE, secret, 'exp', context, 32),
  };
}

function encapsulate(aead: Aead, to: Key, info: Uint8Array) {
  const ephemeral = pairOf(randomBytes(32));
  const enc = ephemeral.publicKey.raw;
  return { enc, ...schedule(aead, sharedSecret(ephemeral.privateKey, to, enc, to.raw), info) };
}

const decapsulate = (aead: Aead, own: Key, enc: Uint8Array, info: Uint8Array) =>
  schedule(aead, sharedSecret(own, publicKey(enc), enc, pairOf(own.raw).publicKey.raw), info);

const hpkeWith = (aead: Aead) => ({
  async seal(to: Key, plaintext: Uint8Array, info: Uint8Array, aad = none) {
    const { enc, key, nonce } = encapsulate(aead, to, info);
    return { enc, ct: encrypt(aead, key, nonce, aad, plaintext) };
  },
  async open(own: Key, enc: Uint8Array, ciphertext: Uint8Array, info: Uint8Array, aad = none) {
    const { key, nonce } = decapsulate(aead, own, enc, info);
    return decrypt(aead, key, nonce, aad, ciphertext);
  },
  async exportSecret(to: Key, context: Uint8Array, length: number, info: Uint8Array) {
    const { enc, exporter } = encapsulate(aead, to, info);
    return { enc, secret: labeledExpand(hpkeId(aead), exporter, 'sec', context, length) };
  },
  async importSecret(own: Key, context: Uint8Array, enc: Uint8Array, length: number, info: Uint8Array) {
    return labeledExpand(hpkeId(aead), decapsulate(aead, own, enc, info).exporter, 'sec', context, length);
  },
  async deriveKeyPair(ikm: Uint8Array) {
    return pairOf(labeledExpand(KEM, labeledExtract(KEM, none, 'dkp_prk', ikm), 'sk', none, 32));
  },
  generateKeyPair: async () => pairOf(randomBytes(32)),
  importPrivateKey: async (raw: Uint8Array) => privateKey(raw),
  importPublicKey: async (raw: Uint8Array) => publicKey(raw),
  exportPrivateKey: async ({ raw }: Key) => raw,
  exportPublicKey: async ({ raw }: Key) => raw,
  encryptAead: async (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined, plaintext: Uint8Array) =>
    encrypt(aead, key, nonce, aad, plaintext),
  decryptAead: async (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined, ciphertext: Uint8Array) =>
    decrypt(aead, key, nonce, aad, ciphertext),
  keyLength: aead.keyLength,
  nonceLength: 12,
});

function encrypt(aead: Aead, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined, plaintext: Uint8Array) {
  const cipher = createCipheriv(aead.cipher as 'aes-128-gcm', key, nonce, { authTagLength: 16 }).setAAD(aad ?? none);
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function decrypt(aead: Aead, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined, ciphertext: Uint8Array) {
  const decipher = createDecipheriv(aead.cipher as 'aes-128-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad ?? none).setAuthTag(ciphertext.subarray(-16));
  return concat(decipher.update(ciphertext.subarray(0, -16)), decipher.final());
}
