import { mlsExporter } from 'ts-mls/keySchedule.js';
import { decodeDeviceCredential, verifyDeviceCredential } from '../identity/credential.ts';
import { applyCommit, commit } from './commits.ts';
import { CONFIG } from './config.ts';
import type { DeviceIdentity, MlsEngine } from './engine.ts';
import { MlsError } from './errors.ts';
import { createGroup, join, joinExternal } from './joins.ts';
import { createKeyPackage, readKeyPackage } from './keyPackages.ts';
import { newcomerOf } from './members.ts';
import { decrypt, encrypt } from './messages.ts';
import { load, save } from './savedState.ts';
import { activeMlsOf } from './state.ts';
import { suiteOf } from './suite.ts';

/**
 * The engine for one device, on ts-mls. Refuses an identity whose certificate is not for the signer's key. What computes
 * the cipher suite may be another than WebCrypto: it makes the same bytes.
 */
export async function createMlsEngine(identity: DeviceIdentity, makeSuite = suiteOf): Promise<MlsEngine> {
  await checkIdentity(identity);
  const suite = await makeSuite(identity.signer);
  const device = { identity, suite };
  return {
    createKeyPackage: async ({ lifetime } = {}) => {
      const { keyPackage, ref, secret } = await createKeyPackage(identity, suite, lifetime);
      return { keyPackage, ref, secret };
    },
    verifyKeyPackage: async (keyPackage) => newcomerOf((await readKeyPackage(keyPackage, suite)).leafNode),
    createGroup: (groupId) => createGroup(device, groupId),
    join: (welcome, secrets) => join(device, welcome, secrets),
    joinExternal: (groupInfo, authenticatedData) => joinExternal(device, groupInfo, authenticatedData),
    commit: (state, change) => commit(device, state, change),
    applyCommit: (state, bytes, policy) => applyCommit(device, state, bytes, policy),
    encrypt: (state, plaintext, authenticatedData) => encrypt(device, state, plaintext, authenticatedData),
    decrypt: (state, message) => decrypt(device, state, message),
    exportSecret: async (state, label, context, length) => {
      const { keySchedule } = activeMlsOf(state);
      if (!(length > 0 && length <= 255 * 32)) throw new MlsError('INVALID_INPUT', 'A secret has 1 to 8,160 bytes.');
      return new Uint8Array(await mlsExporter(keySchedule.exporterSecret, label, context, length, suite));
    },
    save,
    load: (saved) => load(saved, CONFIG, identity.signer.publicKey),
  };
}

async function checkIdentity({ credential, signer }: DeviceIdentity) {
  const isValid = decodeDeviceCredential(credential) && (await verifyDeviceCredential(credential, signer.publicKey));
  if (!isValid) throw new MlsError('INVALID_INPUT', 'The credential is not for the key of this device.');
}
