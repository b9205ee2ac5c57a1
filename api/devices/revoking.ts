import { audit } from '../audit/audit.ts';
import { revokeSessions, tellEnded } from '../auth/sessions.ts';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { appendChange } from '../realtime/roomLog.ts';

const DAY = 86_400_000;
const UNSEEN_DAYS = 60;
const FORGOTTEN_DAYS = 30;
const AT_ONCE = 100;

/** What came of it: for `announceRevoked`, after the commit. */
export interface Revoked {
  entries: LogEntry[];
  sessionIds: string[];
}

/**
 * Takes devices of a person out of use, within a transaction: their sessions end (but the one to keep), their key packages
 * and welcomes go, and the log of each room whose group has one tells it. The rooms are locked in the order of their ids,
 * before the devices.
 */
export async function revokeDevices(
  db: Prisma.TransactionClient,
  userId: string,
  ids: string[],
  keptSession?: string,
): Promise<Revoked> {
  const rooms = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM room WHERE deleted_at IS NULL AND id IN (SELECT room_id FROM group_device WHERE device_id = ANY(${ids}::uuid[]))
    ORDER BY id FOR UPDATE`;
  const gone = await db.device.updateManyAndReturn({
    where: { id: { in: ids }, userId, revokedAt: null },
    data: { revokedAt: new Date() },
    select: { id: true },
  });
  const goneIds = gone.map(({ id }) => id);
  if (goneIds.length === 0) return { entries: [], sessionIds: [] };
  await db.keyPackage.deleteMany({ where: { deviceId: { in: goneIds } } });
  await db.welcomeDevice.deleteMany({ where: { deviceId: { in: goneIds } } });
  for (const _ of goneIds) await audit(db, { action: 'DEVICE_REVOKED', actorId: userId, subjectId: userId });
  const entries: LogEntry[] = [];
  for (const { id } of rooms)
    for (const deviceId of goneIds) entries.push(...(await tellRoom(db, id, userId, deviceId)));
  if (keptSession)
    await db.session.updateMany({ where: { id: keptSession, deviceId: { in: goneIds } }, data: { deviceId: null } });
  return { entries, sessionIds: await revokeSessions(db, { userId, deviceId: { in: goneIds } }) };
}

/** Locks the rooms whose groups have a device of the person, in the order of their ids. */
export async function holdRoomsOf(db: Prisma.TransactionClient, userId: string): Promise<void> {
  await db.$queryRaw`
    SELECT id FROM room WHERE deleted_at IS NULL AND id IN (
      SELECT g.room_id FROM group_device g JOIN device d ON d.id = g.device_id WHERE d.user_id = ${userId}::uuid)
    ORDER BY id FOR UPDATE`;
}

/** Tells everybody, after the commit. */
export function announceRevoked(core: Core, revoked: Revoked | null): void {
  if (!revoked) return;
  for (const entry of revoked.entries) core.roomFeeds.announce([entry]);
  tellEnded(core, revoked.sessionIds);
}

/** Takes every device of a person out of use, whose account is being deleted. */
export async function revokeEveryDevice(core: Core, userId: string): Promise<void> {
  const devices = await core.db.device.findMany({ where: { userId, revokedAt: null }, select: { id: true } });
  const ids = devices.map(({ id }) => id);
  if (ids.length === 0) return;
  announceRevoked(core, await core.db.$transaction((db) => revokeDevices(db, userId, ids)));
}

/**
 * Takes devices out of use that nobody has seen for 60 days, and forgets what is useless: devices that were revoked 30 days
 * ago and are in no group, key packages that have expired, and welcomes that nobody waits for or that are 30 days old.
 */
export async function purgeDevices(core: Core, now = Date.now()): Promise<void> {
  const before = (days: number) => new Date(now - days * DAY);
  const unseen = await core.db.device.findMany({
    where: { revokedAt: null, lastSeenAt: { lt: before(UNSEEN_DAYS) } },
    select: { id: true, userId: true },
    take: AT_ONCE,
  });
  for (const { id, userId } of unseen)
    announceRevoked(core, await core.db.$transaction((db) => revokeDevices(db, userId, [id])));
  await core.db.keyPackage.deleteMany({ where: { lastResort: false, expiresAt: { lt: new Date(now) } } });
  await core.db.welcome.deleteMany({
    where: { OR: [{ for: { none: {} } }, { createdAt: { lt: before(FORGOTTEN_DAYS) } }] },
  });
  await core.db.$executeRaw`
    DELETE FROM device d WHERE d.id IN (
      SELECT id FROM device WHERE revoked_at < ${before(FORGOTTEN_DAYS)} AND NOT EXISTS (
        SELECT 1 FROM group_device g WHERE g.device_id = device.id)
      LIMIT ${AT_ONCE})`;
}

async function tellRoom(db: Prisma.TransactionClient, roomId: string, userId: string, deviceId: string) {
  const changes = Prisma.sql`
    changed AS (
      SELECT g.device_id FROM head JOIN group_device g ON g.room_id = head.id WHERE g.device_id = ${deviceId}::uuid
    )`;
  const detail = Prisma.sql`jsonb_build_object('deviceId', ${deviceId}::text)`;
  const entry = await appendChange(db, { roomId, kind: 'DEVICE_REVOKED', actorId: userId, changes, detail });
  return entry ? [entry] : [];
}
