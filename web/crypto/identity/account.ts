import { type Bytes, concat } from '../bytes.ts';
import { fromBase64, randomBytes } from '../primitives.ts';
import { deviceCertificateInput, encodeDeviceCredential } from './credential.ts';

/** An account's own key (Ed25519): it says which devices are the account's, and is what others pin and compare. */
export interface AccountKey {
  publicKey: Bytes;
  /** 32 bytes, secret (RFC 8032 §5.1.5): to be kept encrypted, and to be wrapped with the recovery key. */
  seed: Bytes;
}

/** A new identity, for the first device of an account. WebKitGTK imports no key that begins with a zero byte. */
export function makeAccountKey(): Promise<AccountKey> {
  const seed = randomBytes(32);
  return seed[0] ? accountKeyOf(seed) : makeAccountKey();
}

/** The account key that a seed makes, such as one that the recovery key has opened. */
export async function accountKeyOf(seed: Bytes): Promise<AccountKey> {
  const { x } = await crypto.subtle.exportKey('jwk', await importSeed(seed, true));
  const publicKey = fromBase64(`${x?.replaceAll('-', '+').replaceAll('_', '/')}=`);
  if (publicKey?.length !== 32) throw new TypeError('An account key has a public part of 32 bytes.');
  return { publicKey, seed };
}

/** The credential by which `accountKey` makes a device one of its account: `deviceKey` is what signs its messages. */
export async function certifyDevice(
  { publicKey, seed }: AccountKey,
  { accountId, deviceId, deviceKey }: { accountId: string; deviceId: string; deviceKey: Uint8Array },
): Promise<Bytes> {
  const statement = deviceCertificateInput(accountId, deviceId, deviceKey);
  const certificate = await crypto.subtle.sign('Ed25519', await importSeed(seed, false), statement);
  return encodeDeviceCredential({
    accountId,
    deviceId,
    accountKey: publicKey,
    certificate: new Uint8Array(certificate),
  });
}

// A PrivateKeyInfo of an Ed25519 seed (RFC 8410 §7) up to the seed itself.
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

const importSeed = (seed: Bytes, extractable: boolean) =>
  crypto.subtle.importKey('pkcs8', concat(PKCS8, seed), 'Ed25519', extractable, ['sign']);
