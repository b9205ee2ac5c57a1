import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import { confirm, type Proof } from '../auth/confirmations.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { Device, User } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import { holdAccount, type Viewer } from '../users/users.ts';
import { isCertified, readCredential } from './credential.ts';
import { KeyPackages, keepKeyPackages } from './keyPackages.ts';
import { revoked } from './ownDevice.ts';
import { announceRevoked, holdRoomsOf, type Revoked, revokeDevices } from './revoking.ts';

const MOST = 10;
const OLDEST_ENGINE = 1;

const Bytes = z.instanceof(Uint8Array<ArrayBuffer>);
const Key = Bytes.refine(({ length }) => length === 32, 'An Ed25519 key has 32 bytes.');
const NewDevice = z
  .object({
    id: z.uuid('The id must be a UUID.').transform((id) => id.toLowerCase()),
    name: line(60),
    accountKey: Key,
    signatureKey: Key,
    credential: Bytes,
    suites: z.array(z.int().min(1).max(65_535)).min(1, 'Name the cipher suites.').max(16, 'Name at most 16 suites.'),
    engineVersion: z.int().min(0),
  })
  .extend(KeyPackages.required().shape);

type NewDevice = z.output<typeof NewDevice>;
export type DeviceInput = z.input<typeof NewDevice>;

/** What it takes to put another account key in the place of the one that is there. */
export interface Replacing {
  replaceAccountKey?: boolean | null | undefined;
  password?: Proof;
}

/**
 * Makes a device of the viewer's, or finds it again, and binds the session to it. Its credential must name the viewer and
 * the device and be signed by the account key: INVALID_INPUT otherwise. The first device brings the account key; with
 * another one it is CONFLICT (reason IDENTITY_EXISTS), unless the key is to be replaced, which is confirmed: then every
 * device of the old one is revoked. FORBIDDEN (DEVICE_REVOKED, ENGINE_TOO_OLD); CONFLICT for an id or key that is another
 * device's, and when there are ten.
 */
export async function registerDevice(core: Core, viewer: Viewer, input: DeviceInput, how: Replacing): Promise<Device> {
  const device = parse(NewDevice, input);
  checkCredential(viewer, device);
  if (device.engineVersion < OLDEST_ENGINE) throw tooOld();
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  if (how.replaceAccountKey) await confirm(core, viewer, 'REPLACE_IDENTITY', how.password);
  const made = await core.db.$transaction((db) => place(db, viewer, device, how)).catch(refuseTaken);
  announceRevoked(core, made.revoked);
  return made.device;
}

/** Calls one of the viewer's devices otherwise. NOT_FOUND for any other. */
export async function renameDevice(core: Core, viewer: Viewer, id: string, name: string): Promise<Device> {
  const called = parse(z.object({ name: line(60) }), { name }).name;
  const where = { id: idOf(id, 'Device'), userId: viewer.id };
  const [renamed] = await core.db.device.updateManyAndReturn({ where, data: { name: called } });
  if (!renamed) throw notFound('Device');
  return renamed;
}

/**
 * Takes one of the viewer's devices out of use: its sessions end, its key packages go, and in every room whose group it is
 * in nothing is taken until a commit has removed it. Again, it changes nothing. NOT_FOUND for any other.
 */
export async function revokeDevice(core: Core, viewer: Viewer, id: string): Promise<Device> {
  const device = await findDevice(core, viewer, id);
  const gone = await core.db.$transaction((db) => revokeDevices(db, viewer.id, [device.id]));
  announceRevoked(core, gone);
  return findDevice(core, viewer, id);
}

/** Takes the device of the session that asks out of use, if it has one. */
export async function revokeOwnDevice(core: Core, viewer: Viewer): Promise<void> {
  const session = await core.db.session.findUnique({ where: { id: viewer.sessionId } });
  if (session?.deviceId) await revokeDevice(core, viewer, session.deviceId);
}

async function findDevice({ db }: Core, viewer: Viewer, id: string): Promise<Device> {
  const device = await db.device.findFirst({ where: { id: idOf(id, 'Device'), userId: viewer.id } });
  if (!device) throw notFound('Device');
  return device;
}

function checkCredential(viewer: Viewer, { id, accountKey, signatureKey, credential }: NewDevice) {
  const read = readCredential(credential);
  const names = read && read.accountId === viewer.id && read.deviceId === id;
  if (!names || !same(read.accountKey, accountKey) || !isCertified(read, signatureKey))
    throw new AppError('INVALID_INPUT', 'The credential does not say that this device is one of yours.');
}

// Under the lock of the account, so that of two first devices one brings the key. Rooms are locked before people.
async function place(db: Prisma.TransactionClient, viewer: Viewer, input: NewDevice, how: Replacing) {
  const { keyPackages, lastResort, ...given } = input;
  if (how.replaceAccountKey) await holdRoomsOf(db, viewer.id);
  await holdAccount(db, viewer.id);
  const user = await db.user.findUniqueOrThrow({ where: { id: viewer.id } });
  const known = await db.device.findUnique({ where: { id: given.id } });
  if (known) return { device: await bindAgain(db, viewer, known, input), revoked: null };
  const revoked = await agreeOnKey(db, viewer, user, input, how);
  const inUse = await db.device.count({ where: { userId: viewer.id, revokedAt: null } });
  if (inUse >= MOST) throw tooMany();
  const { accountKey: _, ...data } = given;
  await db.device.create({ data: { ...data, userId: viewer.id } });
  await keepKeyPackages(db, given.id, { keyPackages, lastResort });
  await audit(db, { action: 'DEVICE_ADDED', actorId: viewer.id, subjectId: viewer.id });
  return { device: await bind(db, viewer, given.id), revoked };
}

async function bindAgain(db: Prisma.TransactionClient, viewer: Viewer, known: Device, input: NewDevice) {
  if (known.userId !== viewer.id || !same(known.signatureKey, input.signatureKey)) throw taken();
  if (known.revokedAt) throw revoked();
  const { keyPackages, lastResort, name, suites, engineVersion, credential } = input;
  if (!same(known.credential, credential)) throw identityExists();
  await db.device.update({ where: { id: known.id }, data: { name, suites, engineVersion, lastSeenAt: new Date() } });
  await keepKeyPackages(db, known.id, { keyPackages, lastResort });
  return bind(db, viewer, known.id);
}

async function bind(db: Prisma.TransactionClient, viewer: Viewer, deviceId: string): Promise<Device> {
  const where = { id: viewer.sessionId, userId: viewer.id, revokedAt: null };
  const { count } = await db.session.updateMany({ where, data: { deviceId } });
  if (count === 0) throw new AppError('FORBIDDEN', 'Only a session can have a device: sign in with your password.');
  return db.device.findUniqueOrThrow({ where: { id: deviceId } });
}

async function agreeOnKey(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  user: User,
  { accountKey }: NewDevice,
  { replaceAccountKey }: Replacing,
): Promise<Revoked | null> {
  if (user.accountKey && same(user.accountKey, accountKey)) return null;
  if (user.accountKey && !replaceAccountKey) throw identityExists();
  await db.user.update({ where: { id: viewer.id }, data: { accountKey, accountKeyVersion: { increment: 1 } } });
  if (!user.accountKey) return null;
  await audit(db, { action: 'IDENTITY_REPLACED', actorId: viewer.id, subjectId: viewer.id });
  const old = await db.device.findMany({ where: { userId: viewer.id, revokedAt: null }, select: { id: true } });
  return revokeDevices(
    db,
    viewer.id,
    old.map(({ id }) => id),
    viewer.sessionId,
  );
}

function refuseTaken(error: unknown): never {
  if (isUniqueViolation(error)) throw taken();
  throw error;
}

const same = (one: Uint8Array, other: Uint8Array) => Buffer.from(one).equals(other);

const identityExists = () =>
  new AppError('CONFLICT', 'Your account has another key already. Use your recovery key, or replace it.', {
    reason: 'IDENTITY_EXISTS',
  });
const taken = () => new AppError('CONFLICT', 'This id or key belongs to another device. Make a new one.');
const tooMany = () =>
  new AppError('CONFLICT', `You have ${MOST} devices already. Remove one first.`, { reason: 'TOO_MANY_DEVICES' });
const tooOld = () =>
  new AppError('FORBIDDEN', 'This program is too old for encrypted rooms. Reload the page, or update it.', {
    reason: 'ENGINE_TOO_OLD',
  });
