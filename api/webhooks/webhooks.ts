import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { MemberRole, Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { refuseEncrypted } from '../rooms/encrypted.ts';
import { requireRole } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

export const MANAGERS: MemberRole[] = ['OWNER', 'MODERATOR'];
const MOST = 10;

/** The room, for who manages it; webhooks of both kinds are refused to encrypted rooms here. */
export async function hookableRoom(core: Core, viewer: Viewer, roomId: string): Promise<Room> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  refuseEncrypted(room);
  return room;
}

/** The webhook, for who manages its room: NOT_FOUND for strangers as for one that never was. */
export async function managed<Hook extends { roomId: string }>(core: Core, viewer: Viewer, hook: Hook | null) {
  if (!hook) throw notFound('Webhook');
  await requireRole(core, viewer, hook.roomId, MANAGERS).catch((error) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound('Webhook') : error;
  });
  return hook;
}

/** Makes one more webhook of a room, unless it has as many as one may have: CONFLICT. */
export function addWebhook<Hook>(
  core: Core,
  viewer: Viewer,
  roomId: string,
  count: (db: Prisma.TransactionClient) => Promise<number>,
  create: (db: Prisma.TransactionClient, room: { lastSeq: number }) => Promise<Hook>,
): Promise<Hook> {
  return core.db.$transaction(async (db) => {
    const [room] = await db.$queryRaw<Pick<Room, 'lastSeq' | 'encryption'>[]>`
      SELECT last_seq AS "lastSeq", encryption::text FROM room WHERE id = ${roomId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    if (!room) throw notFound('Room');
    refuseEncrypted(room);
    if ((await count(db)) >= MOST) throw new AppError('CONFLICT', `A room has at most ${MOST} webhooks of a kind.`);
    await audit(db, { action: 'WEBHOOK_MADE', actorId: viewer.id, roomId });
    return create(db, room);
  });
}

/** Ends a webhook; one that has ended meanwhile is no mistake. */
export async function endWebhook(
  core: Core,
  viewer: Viewer,
  roomId: string,
  remove: (db: Prisma.TransactionClient) => Promise<{ count: number }>,
): Promise<void> {
  await core.db.$transaction(async (db) => {
    const { count } = await remove(db);
    if (count > 0) await audit(db, { action: 'WEBHOOK_REVOKED', actorId: viewer.id, roomId });
  });
}

/** That who made the webhook `w` manages its room still, as a condition. */
export const madeByManager = Prisma.sql`EXISTS (
  SELECT 1 FROM membership m
  WHERE m.room_id = w.room_id AND m.user_id = w.created_by_id AND m.left_seq IS NULL AND m.role <> 'MEMBER')`;
