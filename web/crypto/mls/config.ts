import type { ClientConfig } from 'ts-mls';
import { verifyDeviceCredential } from '../identity/credential.ts';
import { deviceEquality } from './members.ts';

/** How the library is to behave. */
export const CONFIG: ClientConfig = {
  keyRetentionConfig: {
    // Messages of one sender may come 64 out of order, and after 4,096 that never came.
    retainKeysForGenerations: 64,
    maximumForwardRatchetSteps: 4096,
    // Not 0, with which the library would keep all of them. What it keeps, `stateOf` drops.
    retainKeysForEpochs: 1,
  },
  // A clock must not decide whether a commit is valid: each device's is its own. Who adds looks at the lifetime.
  lifetimeConfig: { maximumTotalLifetime: 2n ** 63n, validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: deviceEquality,
  paddingConfig: { kind: 'padUntilLength', padUntilLength: 256 },
  authService: {
    validateCredential: async (credential, signatureKey) =>
      credential.credentialType === 'basic' && isCertified(credential.identity, signatureKey),
  },
};

// The same devices are in every commit and every room: who was found certified is not looked at again.
const certified = new Set<string>();
const REMEMBERED = 4096;

async function isCertified(identity: Uint8Array, signatureKey: Uint8Array): Promise<boolean> {
  const name = `${identity} ${signatureKey}`;
  if (certified.has(name)) return true;
  if (!(await verifyDeviceCredential(identity, signatureKey))) return false;
  if (certified.size >= REMEMBERED) certified.clear();
  certified.add(name);
  return true;
}
