import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { MemberRole, Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { acting, appendChange } from '../realtime/roomLog.ts';
import { appendTogether } from '../rooms/memberChanges.ts';
import { getMembership, requireRole } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

/**
 * Makes a private or direct room end-to-end encrypted, for good: its owner, or either of the two. What was said stays as it
 * was; name and topic are forgotten here, and its webhooks go. Again, it changes nothing. INVALID_INPUT for a public room.
 */
export async function encryptRoom(core: Core, viewer: Viewer, id: string): Promise<Room> {
  const { room } = await getMembership(core, viewer, id);
  if (room.kind === 'PUBLIC')
    throw new AppError('INVALID_INPUT', 'A public room cannot be encrypted: everyone here can join it.');
  const roles: MemberRole[] = room.kind === 'DIRECT' ? ['OWNER', 'MODERATOR', 'MEMBER'] : ['OWNER'];
  await requireRole(core, viewer, id, roles);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await appendTogether(core, room.id, (db) => encrypt(db, viewer, room.id, roles));
  return (await getMembership(core, viewer, id)).room;
}

async function encrypt(db: Prisma.TransactionClient, viewer: Viewer, roomId: string, roles: MemberRole[]) {
  const changes = Prisma.sql`
    ${acting(viewer.id, roles)},
    changed AS (
      SELECT room.id FROM acting, head JOIN room ON room.id = head.id WHERE room.encryption = 'NONE'
    )`;
  const alsoSet = Prisma.sql`, encryption = 'MLS', name = NULL, topic = ''`;
  const entry = await appendChange(db, { roomId, kind: 'ROOM_ENCRYPTED', actorId: viewer.id, changes, alsoSet });
  if (!entry) return [];
  await db.incomingWebhook.deleteMany({ where: { roomId } });
  await db.outgoingWebhook.deleteMany({ where: { roomId } });
  await audit(db, { action: 'ROOM_ENCRYPTED', actorId: viewer.id, roomId });
  return [entry];
}
