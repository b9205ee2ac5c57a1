import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Welcome } from '../db/model.ts';
import { findOwnDevice, getOwnDevice } from '../devices/ownDevice.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from '../users/users.ts';

const AT_ONCE = 20;

/** What a commit leaves for those whom it adds. */
interface Welcoming {
  roomId: string;
  generation: number;
  seq: number;
  epoch: number;
  adds: string[];
  welcomes: { deviceIds: string[]; mls: Uint8Array<ArrayBuffer> }[];
}

/** Leaves welcomes for devices that were added. Under the lock of the room. */
export async function leaveWelcomes(
  db: Prisma.TransactionClient,
  { adds, welcomes, ...place }: Welcoming,
): Promise<void> {
  const { roomId, generation, seq, epoch } = place;
  const named = welcomes.flatMap(({ deviceIds }) => deviceIds);
  if (new Set(named).size !== named.length || !named.every((id) => adds.includes(id)))
    throw new AppError('INVALID_INPUT', 'A welcome is for devices that the commit adds, one for each.');
  for (const { deviceIds, mls } of welcomes) {
    const { id: welcomeId } = await db.welcome.create({ data: { roomId, generation, seq, epoch, mls } });
    await db.welcomeDevice.createMany({ data: deviceIds.map((deviceId) => ({ roomId, deviceId, welcomeId })) });
  }
}

/** The welcomes that wait for the device of the viewer's session, into rooms of theirs; the oldest 20. */
export async function listWelcomes({ db }: Core, viewer: Viewer): Promise<Welcome[]> {
  const device = await findOwnDevice({ db }, viewer);
  if (!device || device.revokedAt) return [];
  const membership = { userId: viewer.id, leftSeq: null };
  return db.welcome.findMany({
    where: { for: { some: { deviceId: device.id } }, room: { deletedAt: null, memberships: { some: membership } } },
    orderBy: { id: 'asc' },
    take: AT_ONCE,
  });
}

/** Removes welcomes that the device of the viewer's session has taken, and stored what they brought; gives their number. */
export async function takeWelcomes({ db }: Core, viewer: Viewer, ids: string[]): Promise<number> {
  const device = await getOwnDevice({ db }, viewer);
  const where = { deviceId: device.id, welcomeId: { in: ids.filter((id) => UUID.test(id)) } };
  const { count } = await db.welcomeDevice.deleteMany({ where });
  await db.welcome.deleteMany({ where: { id: where.welcomeId, for: { none: {} } } });
  return count;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
