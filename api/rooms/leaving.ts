import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { acting, appendChange, noted } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';
import { append, appendTogether, change } from './memberChanges.ts';
import { getMembership, MANAGERS, membershipOf, requireRole } from './memberships.ts';
import { purgeRoom } from './purge.ts';
import { appointOwner } from './roles.ts';

/** Leaves a room. A room whose last owner leaves gets the member of longest standing as owner; an empty private room is deleted. */
export async function leaveRoom(core: Core, viewer: Viewer, id: string): Promise<Room> {
  const { room } = await getMembership(core, viewer, id);
  if (room.kind === 'DIRECT') throw new AppError('FORBIDDEN', 'A direct conversation cannot be left.');
  await leave(core, viewer, room);
  return room;
}

/** Leaves every room, direct ones included: one that nobody is in any more is deleted, as an empty private room is. */
export async function leaveEveryRoom(core: Core, viewer: Viewer): Promise<void> {
  const where = { userId: viewer.id, leftSeq: null, room: { deletedAt: null } };
  for (const { room } of await core.db.membership.findMany({ where, include: { room: true } }))
    await leave(core, viewer, room).catch((error) => {
      if (!(error instanceof AppError)) throw error; // Removed, or the room deleted, in the same moment.
    });
}

async function leave(core: Core, viewer: Viewer, room: Room): Promise<void> {
  const changes = Prisma.sql`
    changed AS (
      UPDATE membership m SET left_seq = head.seq FROM head
      WHERE m.room_id = head.id AND m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL
      RETURNING m.user_id
    ), ${noted}`;
  const entries = await appendTogether(core, room.id, async (tx) => {
    const left = await append(tx, viewer, { roomId: room.id, kind: 'MEMBER_LEFT', subjectId: viewer.id, changes });
    if (!left) throw notFound('Room');
    const emptied = room.kind === 'PUBLIC' ? null : await deleteIfEmpty(tx, viewer, room.id);
    if (emptied || room.kind === 'DIRECT') return [left, emptied];
    return [left, await appointOwner(tx, viewer, room.id)];
  });
  core.roomsVersions.ring([viewer.id]);
  if (entries.at(-1)?.kind === 'ROOM_DELETED') await purgeRoom(core, room.id);
}

/** Removes a member: owners anyone, moderators those who are neither. What follows in the log does not reach them. */
export async function removeMember(core: Core, viewer: Viewer, roomId: string, userId: string): Promise<void> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  const target = await membershipOf(core, room.id, idOf(userId, 'Member'));
  const changes = Prisma.sql`
    ${acting(viewer.id, MANAGERS)},
    changed AS (
      UPDATE membership m SET left_seq = head.seq FROM head, acting
      WHERE m.room_id = head.id AND m.user_id = ${target.userId}::uuid AND m.left_seq IS NULL
        AND m.user_id <> acting.user_id AND (acting.role = 'OWNER' OR m.role = 'MEMBER') AND head.kind <> 'DIRECT'
      RETURNING m.user_id
    ), ${noted}`;
  const removal = { roomId: room.id, kind: 'MEMBER_REMOVED' as const, subjectId: target.userId, changes };
  await change(core, viewer, removal, async (db, applied) => {
    if (applied) return;
    await requireRole({ db }, viewer, roomId, MANAGERS);
    await membershipOf({ db }, room.id, target.userId);
    throw new AppError('FORBIDDEN', 'You cannot remove this person.');
  });
}

function deleteIfEmpty(tx: Prisma.TransactionClient, viewer: Viewer, roomId: string): Promise<LogEntry | null> {
  return appendChange(tx, {
    roomId,
    kind: 'ROOM_DELETED',
    actorId: viewer.id,
    changes: Prisma.sql`
      changed AS (
        SELECT head.id FROM head
        WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.room_id = head.id AND m.left_seq IS NULL)
      )`,
    alsoSet: Prisma.sql`, deleted_at = now(), name = NULL, topic = '', direct_key = NULL`,
  });
}
