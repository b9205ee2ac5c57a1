import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { MemberRole, Membership } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { acting, appendChange } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';
import { change } from './memberChanges.ts';
import { membershipOf, requireRole } from './memberships.ts';

/** Gives another member a role; owners. */
export async function setRole(
  core: Core,
  viewer: Viewer,
  roomId: string,
  userId: string,
  role: MemberRole,
): Promise<Membership> {
  const room = await requireRole(core, viewer, roomId, ['OWNER']);
  const target = await membershipOf(core, room.id, idOf(userId, 'Member'));
  if (target.userId === viewer.id) throw new AppError('FORBIDDEN', 'Your own role is changed by another owner.');
  const changes = Prisma.sql`
    ${acting(viewer.id, ['OWNER'])},
    changed AS (
      UPDATE membership m SET role = ${role}::"MemberRole" FROM head, acting
      WHERE m.room_id = head.id AND m.user_id = ${target.userId}::uuid AND m.left_seq IS NULL AND m.role::text <> ${role}
      RETURNING m.user_id
    )`;
  const given = { roomId: room.id, kind: 'ROLE_CHANGED' as const, subjectId: target.userId, changes, role };
  return change(core, viewer, given, async (db, applied) => {
    if (!applied) await requireRole({ db }, viewer, roomId, ['OWNER']);
    return membershipOf({ db }, room.id, target.userId);
  });
}

/** Makes another member the owner in the viewer's place, who is a moderator from then on: one act. Owners. */
export async function transferOwnership(
  core: Core,
  viewer: Viewer,
  roomId: string,
  userId: string,
): Promise<Membership> {
  const room = await requireRole(core, viewer, roomId, ['OWNER']);
  const heir = await membershipOf(core, room.id, idOf(userId, 'Member'));
  if (heir.userId === viewer.id) throw new AppError('FORBIDDEN', 'Choose another member: this room is yours already.');
  const changes = Prisma.sql`
    ${acting(viewer.id, ['OWNER'])},
    changed AS (
      UPDATE membership m SET role = (CASE WHEN m.user_id = acting.user_id THEN 'MODERATOR' ELSE 'OWNER' END)::"MemberRole"
      FROM head, acting, membership heir
      WHERE heir.room_id = head.id AND heir.user_id = ${heir.userId}::uuid AND heir.left_seq IS NULL
        AND m.room_id = head.id AND m.user_id IN (heir.user_id, acting.user_id)
      RETURNING m.user_id
    )`;
  const given = { roomId: room.id, kind: 'OWNERSHIP_TRANSFERRED' as const, subjectId: heir.userId, changes };
  return change(core, viewer, given, async (db, applied) => {
    if (!applied) await requireRole({ db }, viewer, roomId, ['OWNER']);
    return membershipOf({ db }, room.id, heir.userId);
  });
}

// A room without an owner could be neither renamed nor deleted.
export function appointOwner(tx: Prisma.TransactionClient, viewer: Viewer, roomId: string): Promise<LogEntry | null> {
  return appendChange(tx, {
    roomId,
    kind: 'ROLE_CHANGED',
    actorId: viewer.id,
    subject: Prisma.sql`(SELECT user_id FROM changed)`,
    detail: Prisma.sql`jsonb_build_object('role', 'OWNER')`,
    changes: Prisma.sql`
      heir AS (
        SELECT user_id FROM membership WHERE room_id = ${roomId}::uuid AND left_seq IS NULL
        ORDER BY role = 'MODERATOR' DESC, joined_seq LIMIT 1
      ),
      changed AS (
        UPDATE membership m SET role = 'OWNER' FROM head, heir
        WHERE m.room_id = head.id AND m.user_id = heir.user_id AND m.left_seq IS NULL AND m.role <> 'OWNER' AND NOT EXISTS (
          SELECT 1 FROM membership o WHERE o.room_id = head.id AND o.left_seq IS NULL AND o.role = 'OWNER')
        RETURNING m.user_id
      )`,
  });
}
