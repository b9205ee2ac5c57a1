import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupContext } from 'ts-mls/groupContext.js';
import { decodeMlsMessage } from 'ts-mls/message.js';
import type { Signer } from '../../web/crypto/mls/engine.ts';

export const vectors = (name: string): any[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'vectors', `${name}.json`), 'utf8'));
export const hex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'));
export const toHex = (data: Uint8Array) => Buffer.from(data).toString('hex');

const ED25519 = '302e020100300506032b657004220420';

export function signerOf(privateKey: string): Signer {
  const key = createPrivateKey({ key: Buffer.from(ED25519 + privateKey, 'hex'), format: 'der', type: 'pkcs8' });
  return { publicKey: new Uint8Array(), sign: async (message) => new Uint8Array(sign(null, message, key)) };
}
export const nobody: Signer = {
  publicKey: new Uint8Array(),
  sign: () => Promise.reject(new Error('Nobody signs here.')),
};

export function whole<T>(decode: (data: Uint8Array, offset: number) => [T, number] | undefined, digits: string): T {
  const [value, length] = decode(hex(digits), 0) ?? [];
  if (value === undefined || length !== digits.length / 2) throw new Error('Not decoded whole.');
  return value;
}

export function messageOf<Kind extends string>(wireformat: Kind, digits: string) {
  const message = whole(decodeMlsMessage, digits);
  if (message.wireformat !== wireformat) throw new Error(`${message.wireformat} instead of ${wireformat}.`);
  return message as Extract<typeof message, { wireformat: Kind }>;
}

export const contextOf = (vector: any, epoch: number | bigint): GroupContext => ({
  version: 'mls10',
  cipherSuite: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  groupId: hex(vector.group_id),
  epoch: BigInt(epoch),
  treeHash: hex(vector.tree_hash ?? ''),
  confirmedTranscriptHash: hex(vector.confirmed_transcript_hash),
  extensions: [],
});
