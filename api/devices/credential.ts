import { createPublicKey, verify } from 'node:crypto';

/** By which an account says that a device is one of its own. */
export interface Credential {
  accountId: string;
  deviceId: string;
  /** Ed25519, 32 bytes. */
  accountKey: Uint8Array;
  /** Ed25519 signature of the account key, 64 bytes. */
  certificate: Uint8Array;
}

const VERSION = 1;
const LENGTH = 129;
const LABEL = Buffer.from('shh device certificate v1');

/**
 * The parts of a credential: version 1 (1 byte) ‖ account id (16) ‖ device id (16) ‖ account key (32) ‖ certificate (64);
 * null when the bytes are not of that form.
 */
export function readCredential(bytes: Uint8Array): Credential | null {
  if (bytes.length !== LENGTH || bytes[0] !== VERSION) return null;
  return {
    accountId: uuidOf(bytes.subarray(1, 17)),
    deviceId: uuidOf(bytes.subarray(17, 33)),
    accountKey: bytes.subarray(33, 65),
    certificate: bytes.subarray(65),
  };
}

/**
 * Whether the account key has signed "shh device certificate v1" ‖ account id ‖ device id ‖ the device's signature key
 * (Ed25519, RFC 8032).
 */
export function isCertified({ accountId, deviceId, accountKey, certificate }: Credential, signatureKey: Uint8Array) {
  const key = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(accountKey).toString('base64url') };
  const signed = Buffer.concat([LABEL, bytesOf(accountId), bytesOf(deviceId), signatureKey]);
  return verify(null, signed, createPublicKey({ key, format: 'jwk' }), certificate);
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const bytesOf = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');
