import { generateKeyPairSync, sign as signInNode } from 'node:crypto';
import { deviceCertificateInput, encodeDeviceCredential } from '../../web/crypto/identity/credential.ts';
import type { DeviceIdentity, GroupState, MlsEngine } from '../../web/crypto/mls/engine.ts';
import { suiteOf } from '../../web/crypto/mls/suite.ts';
import { createMlsEngine } from '../../web/crypto/mls/tsMlsEngine.ts';

/** A person whose account key signs devices. */
export interface Account {
  name: string;
  id: string;
  key: CryptoKeyPair;
}

export interface Device {
  name: string;
  account: Account;
  id: string;
  identity: DeviceIdentity;
  engine: MlsEngine;
}

export async function account(name: string): Promise<Account> {
  return { name, id: crypto.randomUUID(), key: await keyPair() };
}

/** A new device of an account, or of a new account of that name. */
export async function device(owner: string | Account, makeSuite = suiteOf): Promise<Device> {
  const holder = typeof owner === 'string' ? await account(owner) : owner;
  const id = crypto.randomUUID();
  const identity = await deviceIdentity(holder, id);
  return { name: holder.name, account: holder, id, identity, engine: await createMlsEngine(identity, makeSuite) };
}

export async function deviceIdentity(holder: Account, deviceId: string): Promise<DeviceIdentity> {
  const deviceKeys = generateKeyPairSync('ed25519');
  const deviceKey = new Uint8Array(Buffer.from(deviceKeys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const certificate = await sign(holder.key.privateKey, deviceCertificateInput(holder.id, deviceId, deviceKey));
  const accountKey = await raw(holder.key.publicKey);
  return {
    credential: encodeDeviceCredential({ accountId: holder.id, deviceId, accountKey, certificate }),
    signer: {
      publicKey: deviceKey,
      sign: async (message) => new Uint8Array(signInNode(null, message, deviceKeys.privateKey)),
    },
  };
}

const keyPair = () => crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
const raw = async (key: CryptoKey) => new Uint8Array(await crypto.subtle.exportKey('raw', key));
const sign = async (key: CryptoKey, message: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.sign('Ed25519', key, message));

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The code with which something is refused. */
export const codeOf = (refused: Promise<unknown>): Promise<unknown> =>
  refused.then(
    () => 'NOT REFUSED',
    (error) => error?.code ?? error,
  );

/** Where a device is in a group. */
export function leafOf(state: GroupState, { id }: Device): number {
  const member = state.members.find(({ credential }) => credential.deviceId === id);
  if (!member) throw new Error('The device is not in the group.');
  return member.leaf;
}

/** A group that the first founds and adds the others to, as each of them has it. */
export async function group<Others extends Device[]>(founder: Device, ...others: Others) {
  const packages = await Promise.all(others.map(({ engine }) => engine.createKeyPackage()));
  const { state } = await founder.engine.createGroup(bytes('room'));
  const adds = packages.map(({ keyPackage }) => keyPackage);
  const { next, welcome = bytes('') } = await founder.engine.commit(state, { adds });
  const secrets = packages.map(({ secret }) => secret);
  const joined = await Promise.all(others.map(({ engine }) => engine.join(welcome, secrets)));
  return [next, ...joined] as StatesOf<[Device, ...Others]>;
}

type StatesOf<Devices extends Device[]> = { [At in keyof Devices]: GroupState };
