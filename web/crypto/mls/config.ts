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
      credential.credentialType === 'basic' && (await verifyDeviceCredential(credential.identity, signatureKey)),
  },
};
