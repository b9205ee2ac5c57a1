import { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';

const EVERY_ROOM = Prisma.sql`true`;

/** FORBIDDEN for who is banned from the room, if the condition on `head`, the room, holds. Under the lock of the room. */
export async function refuseBanned(
  db: Prisma.TransactionClient,
  roomId: string,
  userId: string,
  allowed = EVERY_ROOM,
): Promise<void> {
  if (await isBanned(db, roomId, userId, allowed)) throw banned('You are banned from this room.');
}

/** CONFLICT for adding who is banned from the room. Under the lock of the room. */
export async function refuseAdding(db: Prisma.TransactionClient, roomId: string, userId: string): Promise<void> {
  if (!(await isBanned(db, roomId, userId, EVERY_ROOM))) return;
  throw new AppError('CONFLICT', 'This person is banned from this room. Lift the ban first.', { reason: 'BANNED' });
}

const banned = (message: string) => new AppError('FORBIDDEN', message, { reason: 'BANNED' });

async function isBanned(db: Prisma.TransactionClient, roomId: string, userId: string, allowed: Prisma.Sql) {
  const bans = await db.$queryRaw<object[]>`
    SELECT 1 FROM room head JOIN ban ON ban.room_id = head.id
    WHERE head.id = ${roomId}::uuid AND head.deleted_at IS NULL AND ban.user_id = ${userId}::uuid AND ${allowed}`;
  return bans.length > 0;
}
