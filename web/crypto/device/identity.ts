import type { Bytes } from '../bytes.ts';
import { equal } from '../bytes.ts';
import { type AccountKey, accountKeyOf, certifyDevice, makeAccountKey } from '../identity/account.ts';
import type { MlsEngine, Signer } from '../mls/engine.ts';
import { ENGINE_VERSION } from '../mls/suite.ts';
import { createMlsEngine } from '../mls/tsMlsEngine.ts';
import { BACKUP_KEY, segmentPrefix, unsavedPrefix } from './backup.ts';
import { DeviceError, isReason } from './errors.ts';
import { newId } from './ids.ts';
import { type KeyPackageRecord, keyPackageKey, keyPackagePrefix } from './keyPackages.ts';
import { pinKey } from './pins.ts';
import type { AccountFacts, Ports } from './ports.ts';
import { BELOW } from './roomState.ts';

const SUITES = [1];
const PACKAGES = 50;
const TOO_FEW = 20;
const WEEK = 7 * 86_400_000;
// The server keeps key packages for 30 days, and Welcomes for as long.
const MOST_AGE = 70 * 86_400_000;

/** What a device keeps of who it is. The seed is of the account's key; the device's own key lies where `Keys` has it. */
export interface IdentityRecord {
  accountId: string;
  deviceId: string;
  accountSeed: Bytes;
  accountKey: Bytes;
  credential: Bytes;
  name: string;
  /** When the last-resort key package was made, in ms. */
  lastResortAt: number;
  registered: boolean;
}

export interface Identity {
  record: IdentityRecord;
  signer: Signer;
  engine: MlsEngine;
}

const KEY = 'self';

/** Who this device is, if it is one already. Its key may be gone with the browser's storage: then it is none. */
export async function findIdentity({ store, keys }: Ports, accountId: string): Promise<Identity | undefined> {
  const record = await store.read<IdentityRecord>(KEY);
  const signer = record && (await keys.find(record.deviceId));
  if (!record || !signer || record.accountId !== accountId) return undefined;
  return { record, signer, engine: await createMlsEngine({ credential: record.credential, signer }) };
}

/** Does what may make another identity; where that fails, the device is who it was before. */
export async function keepingIdentity<Result>({ store }: Ports, act: () => Promise<Result>): Promise<Result> {
  const before = await store.read<IdentityRecord>(KEY);
  try {
    return await act();
  } catch (error) {
    await store.write(before ? [[KEY, before]] : [], before ? [] : [KEY]);
    throw error;
  }
}

/** A new device of an account: with the account's key where that is at hand, or with a new one for a new identity. */
export async function makeIdentity(ports: Ports, accountId: string, name: string, seed?: Bytes): Promise<Identity> {
  const account: AccountKey = seed ? await accountKeyOf(seed) : await makeAccountKey();
  const deviceId = newId({ ports });
  const signer = await ports.keys.make(deviceId);
  const credential = await certifyDevice(account, { accountId, deviceId, deviceKey: signer.publicKey });
  const own = { accountId, deviceId, accountSeed: account.seed, accountKey: account.publicKey, credential, name };
  const record: IdentityRecord = { ...own, lastResortAt: 0, registered: false };
  await ports.store.write([[KEY, record]]);
  return { record, signer, engine: await createMlsEngine({ credential, signer }) };
}

/** Tells the server of this device and binds the session to it. To be called at every start: it changes nothing then. */
export async function register(ports: Ports, identity: Identity, facts: AccountFacts, replace?: { password?: string }) {
  const { record, signer } = identity;
  if (isBound(identity, facts)) return refill(ports, identity, facts);
  if (!replace && facts.accountKey && !equal(facts.accountKey, record.accountKey)) throw elsewhere();
  const keyPackages = await makeKeyPackages(ports, identity, record.registered ? 1 : PACKAGES);
  const lastResort = await makeLastResort(ports, identity);
  const { deviceId: id, name, accountKey, credential } = record;
  const device = { id, name, accountKey, credential, signatureKey: signer.publicKey, suites: SUITES };
  const again = replace && { replaceAccountKey: true, password: replace.password };
  const registration = { ...device, engineVersion: ENGINE_VERSION, keyPackages, lastResort, ...again };
  await ports.server.registerDevice(registration).catch(async (error) => {
    throw isReason(error, 'DEVICE_REVOKED') ? await dropped(ports) : error;
  });
  // What the backup is written with belongs to the identity that is replaced.
  const former = record.registered ? [] : [...FORMER, pinKey(record.accountId), ...(replace ? [BACKUP_KEY] : [])];
  await keep(ports, identity, { registered: true, lastResortAt: ports.clock.now() }, former);
}

const isBound = ({ record }: Identity, { deviceId, accountKey }: AccountFacts) =>
  record.registered && deviceId === record.deviceId && !!accountKey && equal(accountKey, record.accountKey);

/** Others use key packages up, to add this device: the server says how many it has left, and gets new ones. */
export async function restock(ports: Ports, identity: Identity) {
  const facts = await ports.server.account();
  if (isBound(identity, facts)) await refill(ports, identity, facts);
}

/** It was taken out of use: nothing of it stays, and its person needs the recovery key as on any new browser. */
async function dropped({ store }: Ports) {
  await store.write([], [KEY, ...FORMER, BELOW.key, unsavedPrefix, keyPackagePrefix, BACKUP_KEY]);
  return elsewhere();
}

// What this browser knew as another device. Keys of messages stay: they open old messages as before.
const FORMER = [BELOW.room, BELOW.group, BELOW.ratchet, BELOW.sent, BELOW.entry, segmentPrefix];

export const elsewhere = () =>
  new DeviceError('ELSEWHERE', 'This account has its keys on another device: enter the recovery key, or start anew.');

/** Key packages are used up by those who add this device: there are to be enough, and a fresh one for when there are none. */
async function refill(ports: Ports, identity: Identity, { keyPackagesLeft }: AccountFacts) {
  const isOld = ports.clock.now() - identity.record.lastResortAt > WEEK;
  const missing = keyPackagesLeft < TOO_FEW ? PACKAGES - keyPackagesLeft : 0;
  if (!missing && !isOld) return;
  const keyPackages = await makeKeyPackages(ports, identity, missing);
  const lastResort = isOld ? await makeLastResort(ports, identity) : undefined;
  await ports.server.publishKeyPackages(keyPackages, lastResort);
  if (isOld) await keep(ports, identity, { lastResortAt: ports.clock.now() });
}

// Secrets are on the disk before others can use what belongs to them.
async function makeKeyPackages(
  { store, clock }: Ports,
  { engine }: Identity,
  count: number,
  kind: Pick<KeyPackageRecord, 'isLastResort'> = {},
): Promise<Bytes[]> {
  const made = [];
  for (let n = 0; n < count; n++) made.push(await engine.createKeyPackage());
  const madeAt = clock.now();
  const records = made.map(({ ref, secret }) => [keyPackageKey(ref), { secret, madeAt, ...kind }] as const);
  await store.write(records, await outOfDate(store, madeAt));
  return made.map(({ keyPackage }) => keyPackage);
}

/** Secrets of what the server has given to nobody for so long that nobody can come with it any more. */
async function outOfDate(store: Ports['store'], now: number): Promise<string[]> {
  const all = await store.readAll<KeyPackageRecord>(keyPackagePrefix);
  return all.flatMap(([key, { madeAt }]) => (now - madeAt > MOST_AGE ? [key] : []));
}

async function makeLastResort(ports: Ports, identity: Identity): Promise<Bytes> {
  const [lastResort] = await makeKeyPackages(ports, identity, 1, { isLastResort: true });
  return lastResort as Bytes;
}

async function keep({ store }: Ports, identity: Identity, parts: Partial<IdentityRecord>, removes: string[] = []) {
  identity.record = { ...identity.record, ...parts };
  await store.write([[KEY, identity.record]], removes);
}
