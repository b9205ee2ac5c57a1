import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { BackupSegment, SecretBlob } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { getMembership } from '../rooms/memberships.ts';
import { holdCount, type Viewer } from '../users/users.ts';

const MOST_SECRETS = 16;
const LARGEST = 65_536;
const MOST_SEGMENTS = 20_000;
const MOST_BYTES = 64 * 1_048_576;
const PAGE = 50;

const Bytes = z
  .instanceof(Uint8Array<ArrayBuffer>)
  .refine(({ length }) => length <= LARGEST, `This has more than ${LARGEST} bytes.`);
const Secret = z.object({
  name: z.string().regex(/^[a-z][a-z\d-]{0,39}$/, 'A name has small letters, digits and dashes; at most 40.'),
  version: z.int().min(1).max(2_147_483_647),
  blob: Bytes,
});
const Segment = z.object({ n: z.int().min(0).max(1_000_000), blob: Bytes });

/** Something that the viewer's devices keep here, sealed; null when there is nothing under that name. */
export function findSecret({ db }: Core, { id }: Viewer, name: string): Promise<SecretBlob | null> {
  return db.secretBlob.findUnique({ where: { userId_name: { userId: id, name: name.slice(0, 40) } } });
}

/**
 * Keeps something sealed for the viewer's devices, at most 64 kB under each of 16 names. The version is that of what is
 * there plus one, CONFLICT otherwise: of two devices that write at once one has to look again. The same again is the same.
 */
export async function putSecret(core: Core, viewer: Viewer, input: z.input<typeof Secret>): Promise<SecretBlob> {
  const { name, version, blob } = parse(Secret, input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const { count } = await core.db.secretBlob.updateMany({
    where: { userId: viewer.id, name, version: version - 1 },
    data: { version, blob },
  });
  if (count === 0 && version === 1) await addSecret(core, viewer, { name, version, blob });
  const kept = await findSecret(core, viewer, name);
  if (kept?.version === version && Buffer.from(kept.blob).equals(blob)) return kept;
  throw new AppError('CONFLICT', 'Another device has changed this meanwhile. Read it again.');
}

async function addSecret(core: Core, { id: userId }: Viewer, secret: z.output<typeof Secret>) {
  await core.db.$transaction(async (db) => {
    await holdCount(db, 'secrets', userId);
    if ((await db.secretBlob.count({ where: { userId } })) >= MOST_SECRETS)
      throw new AppError('CONFLICT', `At most ${MOST_SECRETS} secrets are kept.`);
    await db.secretBlob.createMany({ data: [{ userId, ...secret }], skipDuplicates: true });
  });
}

/**
 * Keeps a part of the viewer's backup of a room's keys, in place of the one with that number. NOT_FOUND unless they are a
 * member; CONFLICT (reason BACKUP_FULL) when there are 20,000 parts or 64 MB.
 */
export async function putBackupSegment(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: z.input<typeof Segment>,
): Promise<BackupSegment> {
  const { room } = await getMembership(core, viewer, roomId);
  const { n, blob } = parse(Segment, input);
  await core.limits.take('messagesPer10Seconds', viewer.id, viewer);
  const key = { userId: viewer.id, roomId: room.id, n };
  return core.db.$transaction(async (db) => {
    await holdCount(db, 'backup', viewer.id);
    const { parts, bytes } = await backupSize(db, viewer);
    if (parts >= MOST_SEGMENTS || bytes + blob.length > MOST_BYTES)
      throw new AppError('CONFLICT', 'Your backup is full: start a new one.', { reason: 'BACKUP_FULL' });
    const where = { userId_roomId_n: key };
    return db.backupSegment.upsert({ where, create: { ...key, blob }, update: { blob } });
  });
}

/** The parts of the viewer's backup of a room after a number, in order, at most 50. */
export function listBackupSegments(
  { db }: Core,
  viewer: Viewer,
  roomId: string,
  after: number,
): Promise<BackupSegment[]> {
  return db.backupSegment.findMany({
    where: { userId: viewer.id, roomId: idOf(roomId, 'Room'), n: { gt: after } },
    orderBy: { n: 'asc' },
    take: PAGE,
  });
}

/** The rooms of which the viewer has a backup. */
export async function listBackupRooms({ db }: Core, { id: userId }: Viewer): Promise<string[]> {
  const rooms = await db.backupSegment.groupBy({ by: ['roomId'], where: { userId }, orderBy: { roomId: 'asc' } });
  return rooms.map(({ roomId }) => roomId);
}

/** How much the viewer's backup is. */
async function backupSize(db: Prisma.TransactionClient, { id }: Viewer): Promise<{ parts: number; bytes: number }> {
  const [size] = await db.$queryRaw<{ parts: number; bytes: number }[]>`
    SELECT count(*)::int AS parts, coalesce(sum(octet_length(blob)), 0)::int AS bytes
    FROM backup_segment WHERE user_id = ${id}::uuid`;
  return size ?? { parts: 0, bytes: 0 };
}
