import { type Bytes, concat, utf8, uuidFromBytes, uuidToBytes } from '../bytes.ts';
import { verify } from '../primitives.ts';

/** Who a device is: its account says, by a signature over the device's own key, that the device is one of its own. */
export interface DeviceCredential {
  accountId: string;
  deviceId: string;
  /** Ed25519, 32 bytes: what others pin and compare. */
  accountKey: Bytes;
  /** Ed25519 signature of the account over `deviceCertificateInput`, 64 bytes. */
  certificate: Bytes;
}

const VERSION = 1;
const LENGTH = 1 + 16 + 16 + 32 + 64;

/** What an account signs to make a device one of its own: `"shh device certificate v1" ‖ account id ‖ device id ‖ device key`. */
export function deviceCertificateInput(accountId: string, deviceId: string, deviceKey: Uint8Array): Bytes {
  return concat(utf8('shh device certificate v1'), uuidToBytes(accountId), uuidToBytes(deviceId), deviceKey);
}

/** 129 bytes: version (1) ‖ account id (16) ‖ device id (16) ‖ account key (32) ‖ certificate (64). */
export function encodeDeviceCredential({ accountId, deviceId, accountKey, certificate }: DeviceCredential): Bytes {
  const bytes = concat(Uint8Array.of(VERSION), uuidToBytes(accountId), uuidToBytes(deviceId), accountKey, certificate);
  if (bytes.length !== LENGTH) throw new TypeError('An account key has 32 bytes, and a certificate has 64.');
  return bytes;
}

/** The inverse of `encodeDeviceCredential`; nothing when the bytes are not of that form. Verifies no signature. */
export function decodeDeviceCredential(bytes: Uint8Array): DeviceCredential | undefined {
  if (bytes.length !== LENGTH || bytes[0] !== VERSION) return undefined;
  return {
    accountId: uuidFromBytes(bytes.subarray(1, 17)),
    deviceId: uuidFromBytes(bytes.subarray(17, 33)),
    accountKey: new Uint8Array(bytes.subarray(33, 65)),
    certificate: new Uint8Array(bytes.subarray(65)),
  };
}

/**
 * Whether the account key in these bytes certifies `deviceKey` for the account and device that they name. The answer
 * depends on nothing else, so that all members of a group give the same (RFC 9420 §5.3.1): what somebody has pinned
 * decides to whom they send, never which commit they follow.
 */
export async function verifyDeviceCredential(bytes: Uint8Array, deviceKey: Uint8Array): Promise<boolean> {
  const credential = decodeDeviceCredential(bytes);
  if (!credential || deviceKey.length !== 32) return false;
  const { accountId, deviceId, accountKey, certificate } = credential;
  const input = deviceCertificateInput(accountId, deviceId, deviceKey);
  return verify(accountKey, input, certificate).catch(() => false);
}
