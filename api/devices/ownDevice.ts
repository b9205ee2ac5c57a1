import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Device } from '../db/model.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from '../users/users.ts';

/** The device to which the viewer's session is bound; null without one. It may have been revoked. */
export async function findOwnDevice(
  { db }: { db: Prisma.TransactionClient },
  { id, sessionId }: Viewer,
): Promise<Device | null> {
  return db.device.findFirst({ where: { userId: id, sessions: { some: { id: sessionId, revokedAt: null } } } });
}

/** The device to which the viewer's session is bound. FORBIDDEN with the reason NO_DEVICE or DEVICE_REVOKED. */
export async function getOwnDevice(core: { db: Prisma.TransactionClient }, viewer: Viewer): Promise<Device> {
  const device = await findOwnDevice(core, viewer);
  if (!device) throw noDevice();
  if (device.revokedAt) throw revoked();
  return device;
}

/** The viewer's own devices that are in use, oldest first. */
export function listOwnDevices({ db }: Core, { id }: Viewer): Promise<Device[]> {
  return db.device.findMany({ where: { userId: id, revokedAt: null }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

/** What is said to a device that was signed out for good. */
export const revoked = () =>
  new AppError('FORBIDDEN', 'This device was removed from your account. Sign in again to make a new one.', {
    reason: 'DEVICE_REVOKED',
  });

const noDevice = () =>
  new AppError('FORBIDDEN', 'This session has no keys: register a device first.', { reason: 'NO_DEVICE' });
