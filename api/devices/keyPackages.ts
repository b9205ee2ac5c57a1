import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Device } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { getOwnDevice } from './ownDevice.ts';

const DAYS = 30;
const MOST = 100;
const MOST_DEVICES = 250;

const KeyPackage = z
  .instanceof(Uint8Array<ArrayBuffer>)
  .refine(({ length }) => length > 0 && length <= 4_096, 'A key package has at most 4,096 bytes.');
export const KeyPackages = z.object({
  keyPackages: z.array(KeyPackage).max(MOST, `Send at most ${MOST} key packages at once.`),
  lastResort: KeyPackage.optional(),
});

interface Kept {
  keyPackages: Uint8Array<ArrayBuffer>[];
  lastResort?: Uint8Array<ArrayBuffer> | undefined;
}

/** A key package, and whose it is. */
export interface Claimed {
  device: Device;
  keyPackage: Uint8Array;
}

/**
 * Keeps more key packages of the viewer's device for 30 days, the newest hundred of them, and another last resort; gives
 * how many are left beside that one. The same bytes again change nothing.
 */
export async function publishKeyPackages(
  core: Core,
  viewer: Viewer,
  input: { keyPackages: Uint8Array<ArrayBuffer>[]; lastResort?: Uint8Array<ArrayBuffer> | null | undefined },
): Promise<number> {
  const kept = parse(KeyPackages, { ...input, lastResort: input.lastResort ?? undefined });
  const device = await getOwnDevice(core, viewer);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await core.db.$transaction((db) => keepKeyPackages(db, device.id, kept));
  return countKeyPackages(core, device.id);
}

/** How many key packages of the device can be claimed, beside the last resort. */
export function countKeyPackages({ db }: Core, deviceId: string): Promise<number> {
  return db.keyPackage.count({ where: { deviceId, lastResort: false, expiresAt: { gt: new Date() } } });
}

// Under the lock of the device, which has one last resort.
export async function keepKeyPackages(
  db: Prisma.TransactionClient,
  deviceId: string,
  { keyPackages, lastResort }: Kept,
): Promise<void> {
  await db.$queryRaw`SELECT id FROM device WHERE id = ${deviceId}::uuid FOR NO KEY UPDATE`;
  const expiresAt = new Date(Date.now() + DAYS * 86_400_000);
  const data = keyPackages.map((bytes) => ({ deviceId, bytes, expiresAt }));
  await db.keyPackage.createMany({ data, skipDuplicates: true });
  await db.$executeRaw`
    DELETE FROM key_package WHERE id IN (
      SELECT id FROM key_package WHERE device_id = ${deviceId}::uuid AND NOT last_resort ORDER BY id DESC OFFSET ${MOST})`;
  if (!lastResort) return;
  await db.keyPackage.deleteMany({ where: { deviceId, lastResort: true } });
  await db.keyPackage.create({ data: { deviceId, bytes: lastResort, lastResort: true, expiresAt } });
}

/**
 * One key package of each of these devices, which nobody else is given, or the last resort. Of devices that are revoked or
 * of nobody in the room there is none. NOT_FOUND unless the viewer is a member; RATE_LIMITED for who claims too many of one
 * person.
 */
export async function claimKeyPackages(
  core: Core,
  viewer: Viewer,
  roomId: string,
  deviceIds: string[],
): Promise<Claimed[]> {
  const { room } = await getMembership(core, viewer, roomId);
  if (deviceIds.length > MOST_DEVICES)
    throw new AppError('INVALID_INPUT', `Claim those of at most ${MOST_DEVICES} devices at once.`);
  const members = room.kind === 'DIRECT' ? { roomId: room.id } : { roomId: room.id, leftSeq: null };
  const devices = await core.db.device.findMany({
    where: {
      id: { in: deviceIds.map((id) => idOf(id, 'Device')) },
      revokedAt: null,
      user: { memberships: { some: members } },
    },
  });
  await takeClaims(core, viewer, devices);
  const ids = devices.map(({ id }) => id);
  const claimed = await core.db.$queryRaw<{ deviceId: string; bytes: Uint8Array }[]>`
    WITH picked AS MATERIALIZED (
      SELECT k.id FROM unnest(${ids}::uuid[]) AS wanted(device_id) CROSS JOIN LATERAL (
        SELECT id FROM key_package
        WHERE device_id = wanted.device_id AND NOT last_resort AND expires_at > now()
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
      ) k
    ),
    taken AS (
      DELETE FROM key_package WHERE id IN (SELECT id FROM picked) RETURNING device_id, bytes
    )
    SELECT device_id AS "deviceId", bytes FROM taken
    UNION ALL
    SELECT device_id, bytes FROM key_package
    WHERE device_id = ANY(${ids}::uuid[]) AND last_resort AND device_id NOT IN (SELECT device_id FROM taken)`;
  const known = new Map(devices.map((device) => [device.id, device]));
  return claimed.flatMap(({ deviceId, bytes }) => {
    const device = known.get(deviceId);
    return device ? [{ device, keyPackage: bytes }] : [];
  });
}

// Counted for each person, so that nobody can use up another's.
async function takeClaims(core: Core, viewer: Viewer, devices: Device[]): Promise<void> {
  const numbers = new Map<string, number>();
  for (const { userId } of devices) numbers.set(userId, (numbers.get(userId) ?? 0) + 1);
  for (const [userId, number] of numbers)
    if (userId !== viewer.id) await core.limits.take('keyClaimsPerHour', `${viewer.id} ${userId}`, viewer, number);
}
