import type { CiphersuiteImpl } from 'ts-mls';
import { mapDecoders } from 'ts-mls/codec/tlsDecoder.js';
import { contramapBufferEncoders, encode } from 'ts-mls/codec/tlsEncoder.js';
import { decodeVarLenData, varLenDataEncoder } from 'ts-mls/codec/variableLength.js';
import {
  decodeKeyPackage,
  generateKeyPackageWithKey,
  keyPackageEncoder,
  type KeyPackage as LibraryKeyPackage,
  makeKeyPackageRef,
  type PrivateKeyPackage,
  verifyKeyPackage as verifySignature,
} from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { concat } from '../bytes.ts';
import { verifyDeviceCredential } from '../identity/credential.ts';
import type { DeviceIdentity, KeyPackage } from './engine.ts';
import { MlsError } from './errors.ts';
import { checkLeaf } from './rules.ts';
import { SUITE } from './suite.ts';
import { orBadMessageLater, readMessageOf, writeMessage } from './wire.ts';

const DAY = 86_400;
const DEFAULT_LIFETIME = 30 * DAY;
/** Longer than any that is asked for; a package with more is refused (RFC 9420 §10.1). */
const LONGEST_LIFETIME = 100 * DAY;

const VERSION = 1;

/** What a joiner keeps of a key package: both private keys, with what was published. */
export interface KeyPackageSecret {
  publicPackage: LibraryKeyPackage;
  privatePackage: PrivateKeyPackage;
}

export async function createKeyPackage(
  { credential, signer }: DeviceIdentity,
  suite: CiphersuiteImpl,
  lifetime = DEFAULT_LIFETIME,
): Promise<KeyPackage & KeyPackageSecret> {
  const made = await generateKeyPackageWithKey(
    { credentialType: 'basic', identity: credential },
    { versions: ['mls10'], ciphersuites: [SUITE], extensions: [], proposals: [], credentials: ['basic'] },
    lifetimeOf(lifetime),
    [],
    { signKey: new Uint8Array(), publicKey: signer.publicKey },
    suite,
  );
  return {
    ...made,
    keyPackage: writeMessage({ wireformat: 'mls_key_package', keyPackage: made.publicPackage }),
    ref: new Uint8Array(await makeKeyPackageRef(made.publicPackage, suite.hash)),
    secret: concat(Uint8Array.of(VERSION), encode(secretEncoder)(made)),
  };
}

// Clocks differ: a package is valid since yesterday.
function lifetimeOf(seconds: number) {
  const now = Math.floor(Date.now() / 1000);
  return { notBefore: BigInt(now - DAY), notAfter: BigInt(now + seconds) };
}

const secretEncoder = contramapBufferEncoders(
  [keyPackageEncoder, varLenDataEncoder, varLenDataEncoder],
  ({ publicPackage, privatePackage }: KeyPackageSecret): [LibraryKeyPackage, Uint8Array, Uint8Array] => [
    publicPackage,
    privatePackage.initPrivateKey,
    privatePackage.hpkePrivateKey,
  ],
);

const decodeSecret = mapDecoders(
  [decodeKeyPackage, decodeVarLenData, decodeVarLenData],
  (publicPackage, initPrivateKey, hpkePrivateKey): KeyPackageSecret => ({
    publicPackage,
    privatePackage: { initPrivateKey, hpkePrivateKey, signaturePrivateKey: new Uint8Array() },
  }),
);

export function readSecret(secret: Uint8Array): KeyPackageSecret {
  try {
    const [value] = (secret[0] === VERSION && decodeSecret(secret.slice(), 1)) || [];
    if (!value) throw new Error('Of another version.');
    return value;
  } catch (cause) {
    throw new MlsError('BAD_STATE', 'The secret of a key package cannot be read.', { cause });
  }
}

/** The key package in these bytes, verified as RFC 9420 §10.1 asks, and within its lifetime now. */
export async function readKeyPackage(bytes: Uint8Array, suite: CiphersuiteImpl): Promise<LibraryKeyPackage> {
  const { keyPackage } = readMessageOf('mls_key_package', bytes);
  const isValid = await orBadMessageLater(() => isKeyPackageValid(keyPackage, suite));
  if (!isValid) throw new MlsError('BAD_KEY_PACKAGE', 'The key package is not valid now.');
  return keyPackage;
}

async function isKeyPackageValid(keyPackage: LibraryKeyPackage, { signature }: CiphersuiteImpl): Promise<boolean> {
  const { leafNode, cipherSuite, extensions } = keyPackage;
  if (cipherSuite !== SUITE || extensions.length > 0 || !isLifetimeValid(leafNode.lifetime)) return false;
  checkLeaf(leafNode);
  const identity = leafNode.credential.credentialType === 'basic' ? leafNode.credential.identity : new Uint8Array();
  const verdicts = await Promise.all([
    verifySignature(keyPackage, signature),
    verifyLeafNodeSignatureKeyPackage(leafNode, signature),
    verifyDeviceCredential(identity, leafNode.signaturePublicKey),
  ]);
  return verdicts.every(Boolean);
}

function isLifetimeValid({ notBefore, notAfter }: { notBefore: bigint; notAfter: bigint }): boolean {
  const now = BigInt(Math.floor(Date.now() / 1000));
  return notBefore <= now && now <= notAfter && notAfter - notBefore <= BigInt(LONGEST_LIFETIME);
}
