import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Room, User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { noteRooms } from '../realtime/roomLog.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { openRoom } from './rooms.ts';

/**
 * The one direct room of the viewer and that person, whoever opened it first. FORBIDDEN while the viewer blocks them;
 * while they block the viewer, the room is made for the viewer alone, who is not told.
 */
export async function openDirectRoom(core: Core, viewer: Viewer, userId: string, encrypted = false): Promise<Room> {
  const other = await getUser(core, viewer, userId);
  if (other.id === viewer.id) throw new AppError('INVALID_INPUT', 'Choose somebody else to talk to.');
  const blockers = await blockersAmong(core.db, viewer.id, other.id);
  if (blockers.includes(viewer.id)) throw new AppError('FORBIDDEN', 'You block this person. Unblock them first.');
  const existing = await core.db.room.findUnique({ where: { directKey: keyOf(viewer.id, other.id) } });
  return existing ?? makeDirectRoom(core, viewer, other, encrypted);
}

async function makeDirectRoom(core: Core, viewer: Viewer, other: User, encrypted: boolean): Promise<Room> {
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const pair = [viewer.id, other.id].sort();
  const directKey = keyOf(viewer.id, other.id);
  const room = await core.db.$transaction(async (db) => {
    await holdPair(db, directKey);
    const existing = await db.room.findUnique({ where: { directKey } });
    if (existing) return existing;
    const blockers = await blockersAmong(db, viewer.id, other.id);
    const away = (id: string) => (blockers.includes(id) ? { leftSeq: 1 } : {});
    const members = pair.map((id) => ({ userId: id, role: 'MEMBER' as const, joinedSeq: 1, ...away(id) }));
    const encryption = encrypted ? ('MLS' as const) : ('NONE' as const);
    return openRoom(db, viewer, { kind: 'DIRECT', directKey, encryption }, members);
  });
  core.roomsVersions.ring(pair);
  return room;
}

/**
 * Blocks a person: the direct room of the two is put away, as if the viewer had left it, but its log says nothing of
 * it and the other still finds both people in it. Blocking twice is the same as once.
 */
export async function blockUser(core: Core, viewer: Viewer, userId: string): Promise<User> {
  const other = await getUser(core, viewer, userId);
  if (other.id === viewer.id) throw new AppError('INVALID_INPUT', 'You cannot block yourself.');
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await core.db.$transaction(async (db) => {
    await holdPair(db, keyOf(viewer.id, other.id));
    await db.block.createMany({ data: [{ blockerId: viewer.id, blockedId: other.id }], skipDuplicates: true });
    await putAway(db, viewer.id, other.id);
  });
  core.roomsVersions.ring([viewer.id]);
  return other;
}

/** Takes the block back: the direct room is there again, with all that was written meanwhile, as read. */
export async function unblockUser(core: Core, viewer: Viewer, userId: string): Promise<User> {
  const other = await getUser(core, viewer, userId);
  await core.db.$transaction(async (db) => {
    await holdPair(db, keyOf(viewer.id, other.id));
    const { count } = await db.block.deleteMany({ where: { blockerId: viewer.id, blockedId: other.id } });
    if (count > 0) await takeBack(db, viewer.id, other.id);
  });
  core.roomsVersions.ring([viewer.id]);
  return other;
}

/** Takes back every block of and on the viewer, whose account is being deleted. */
export async function liftBlocks(core: Core, viewer: Viewer): Promise<void> {
  const where = { OR: [{ blockerId: viewer.id }, { blockedId: viewer.id }] };
  for (const { blockerId, blockedId } of await core.db.block.findMany({ where })) {
    await unblockUser(core, { ...viewer, id: blockerId }, blockedId);
  }
}

/** Whom the viewer blocks, by name. */
export function listBlocked(core: Core, viewer: Viewer): Promise<User[]> {
  const where = { blockedBy: { some: { blockerId: viewer.id } } };
  return core.db.user.findMany({ where, orderBy: [{ displayName: 'asc' }, { id: 'asc' }] });
}

function putAway(db: Prisma.TransactionClient, blockerId: string, otherId: string) {
  return changeOwn(db, blockerId, otherId, Prisma.sql`left_seq = greatest(room.last_seq, 1)`, Prisma.sql`IS NULL`);
}

function takeBack(db: Prisma.TransactionClient, blockerId: string, otherId: string) {
  const back = Prisma.sql`left_seq = NULL, read_seq = greatest(m.read_seq, room.last_seq)`;
  return changeOwn(db, blockerId, otherId, back, Prisma.sql`IS NOT NULL`);
}

function changeOwn(db: Prisma.TransactionClient, id: string, otherId: string, set: Prisma.Sql, left: Prisma.Sql) {
  return db.$executeRaw`
    WITH changed AS (
      UPDATE membership m SET ${set} FROM room
      WHERE room.direct_key = ${keyOf(id, otherId)} AND m.room_id = room.id AND m.user_id = ${id}::uuid
        AND m.left_seq ${left}
      RETURNING m.user_id
    )
    ${noteRooms(Prisma.sql`SELECT user_id FROM changed`)}`;
}

// One after the other, for as long as the transaction lasts: a room that is being made is not seen by who blocks.
function holdPair(db: Prisma.TransactionClient, directKey: string) {
  return db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${directKey}, 0))`;
}

async function blockersAmong(db: Prisma.TransactionClient, id: string, otherId: string): Promise<string[]> {
  const both = [id, otherId];
  const blocks = await db.block.findMany({ where: { blockerId: { in: both }, blockedId: { in: both } } });
  return blocks.map(({ blockerId }) => blockerId);
}

const keyOf = (id: string, otherId: string) => [id, otherId].sort().join(':');
