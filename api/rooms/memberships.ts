import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { EntryKind, MemberRole, Membership, Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { acting, appendChange, noted } from '../realtime/roomLog.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { purgeRoom } from './purge.ts';

const MANAGERS: MemberRole[] = ['OWNER', 'MODERATOR'];

/** The room, if the viewer's membership has one of the roles: NOT_FOUND for strangers, FORBIDDEN for other members. */
export async function requireRole(core: Core, viewer: Viewer, roomId: string, roles: MemberRole[]): Promise<Room> {
  const { room, role } = await getMembership(core, viewer, roomId);
  if (roles.includes(role)) return room;
  const who = roles.includes('MODERATOR') ? 'Only owners and moderators of this room' : 'Only an owner of this room';
  throw new AppError('FORBIDDEN', `${who} can do this.`);
}

/** The viewer's own membership with its room; NOT_FOUND when there is none that lasts. */
export async function getMembership(core: Core, viewer: Viewer, roomId: string): Promise<Membership & { room: Room }> {
  const membership = await core.db.membership.findFirst({
    where: { roomId: idOf(roomId, 'Room'), userId: viewer.id, leftSeq: null, room: { deletedAt: null } },
    include: { room: true },
  });
  if (!membership) throw notFound('Room');
  return membership;
}

/** Joins a public room. `joined` is false when the viewer was a member already. NOT_FOUND for every other room. */
export async function joinRoom(core: Core, viewer: Viewer, id: string): Promise<{ room: Room; joined: boolean }> {
  const roomId = idOf(id, 'Room');
  await core.limits.take('changesPerMinute', viewer.id);
  const joined = await change(
    core,
    viewer,
    roomId,
    'MEMBER_JOINED',
    viewer.id,
    joining(viewer.id, Prisma.sql`head.kind = 'PUBLIC'`),
  );
  if (joined) await appointOwner(core, viewer, roomId);
  return { room: (await getMembership(core, viewer, roomId)).room, joined };
}

/** Adds a person to a room that the viewer manages. Adding a member changes nothing. */
export async function addMember(core: Core, viewer: Viewer, roomId: string, userId: string): Promise<Membership> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  if (room.kind === 'DIRECT')
    throw new AppError('FORBIDDEN', 'A direct conversation stays between two people. Create a room instead.');
  const user = await getUser(core, viewer, userId);
  await core.limits.take('changesPerMinute', viewer.id);
  const byManager = Prisma.sql`${acting(viewer.id, MANAGERS)}, ${joining(user.id, Prisma.sql`EXISTS (SELECT 1 FROM acting)`)}`;
  await change(core, viewer, room.id, 'MEMBER_JOINED', user.id, byManager);
  return membershipOf(core, room.id, user.id);
}

/** Leaves a room. A room whose last owner leaves gets the member of longest standing as owner; an empty private room is deleted. */
export async function leaveRoom(core: Core, viewer: Viewer, id: string): Promise<Room> {
  const { room } = await getMembership(core, viewer, id);
  if (room.kind === 'DIRECT') throw new AppError('FORBIDDEN', 'A direct conversation cannot be left.');
  const leaving = Prisma.sql`
    changed AS (
      UPDATE membership m SET left_seq = head.seq FROM head
      WHERE m.room_id = head.id AND m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL
      RETURNING m.user_id
    ), ${noted}`;
  if (!(await change(core, viewer, room.id, 'MEMBER_LEFT', viewer.id, leaving))) throw notFound('Room');
  await appointOwner(core, viewer, room.id);
  if (room.kind === 'PRIVATE') await deleteIfEmpty(core, viewer, room.id);
  return room;
}

/** Removes a member: owners anyone, moderators those who are neither. What follows in the log does not reach them. */
export async function removeMember(core: Core, viewer: Viewer, roomId: string, userId: string): Promise<void> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  const target = await membershipOf(core, room.id, idOf(userId, 'Member'));
  const removing = Prisma.sql`
    ${acting(viewer.id, MANAGERS)},
    changed AS (
      UPDATE membership m SET left_seq = head.seq FROM head, acting
      WHERE m.room_id = head.id AND m.user_id = ${target.userId}::uuid AND m.left_seq IS NULL
        AND m.user_id <> acting.user_id AND (acting.role = 'OWNER' OR m.role = 'MEMBER') AND head.kind <> 'DIRECT'
      RETURNING m.user_id
    ), ${noted}`;
  if (await change(core, viewer, room.id, 'MEMBER_REMOVED', target.userId, removing)) return;
  await membershipOf(core, room.id, target.userId);
  throw new AppError('FORBIDDEN', 'You cannot remove this person.');
}

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
  const changing = Prisma.sql`
    ${acting(viewer.id, ['OWNER'])},
    changed AS (
      UPDATE membership m SET role = ${role}::"MemberRole" FROM head, acting
      WHERE m.room_id = head.id AND m.user_id = ${target.userId}::uuid AND m.left_seq IS NULL AND m.role::text <> ${role}
      RETURNING m.user_id
    )`;
  await change(core, viewer, room.id, 'ROLE_CHANGED', target.userId, changing, { role });
  return membershipOf(core, room.id, target.userId);
}

async function membershipOf(core: Core, roomId: string, userId: string): Promise<Membership> {
  const membership = await core.db.membership.findFirst({ where: { roomId, userId, leftSeq: null } });
  if (!membership) throw notFound('Member');
  return membership;
}

async function change(
  core: Core,
  viewer: Viewer,
  roomId: string,
  kind: EntryKind,
  subjectId: string,
  changes: Prisma.Sql,
  detail?: { role: MemberRole },
): Promise<boolean> {
  const subject = Prisma.sql`${subjectId}`;
  const entry = await appendChange(core.db, { roomId, kind, actorId: viewer.id, subject, changes, detail });
  if (!entry) return false;
  core.roomFeeds.announce([entry]);
  core.roomsVersions.ring([subjectId]);
  return true;
}

const joining = (userId: string, allowed: Prisma.Sql) => Prisma.sql`
  changed AS (
    INSERT INTO membership (room_id, user_id, role, joined_at, joined_seq)
    SELECT head.id, ${userId}::uuid, 'MEMBER', now(), head.seq FROM head WHERE ${allowed}
    ON CONFLICT (room_id, user_id) DO UPDATE
      SET role = 'MEMBER', joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, left_seq = NULL
      WHERE membership.left_seq IS NOT NULL
    RETURNING user_id
  ), ${noted}`;

// A room without an owner could be neither renamed nor deleted.
async function appointOwner(core: Core, viewer: Viewer, roomId: string): Promise<void> {
  const entry = await appendChange(core.db, {
    roomId,
    kind: 'ROLE_CHANGED',
    actorId: viewer.id,
    subject: Prisma.sql`(SELECT user_id FROM changed)`,
    detail: { role: 'OWNER' },
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
  if (entry) core.roomFeeds.announce([entry]);
}

async function deleteIfEmpty(core: Core, viewer: Viewer, roomId: string): Promise<void> {
  const entry = await appendChange(core.db, {
    roomId,
    kind: 'ROOM_DELETED',
    actorId: viewer.id,
    changes: Prisma.sql`
      changed AS (
        SELECT head.id FROM head
        WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.room_id = head.id AND m.left_seq IS NULL)
      )`,
    alsoSet: Prisma.sql`, deleted_at = now(), name = NULL, topic = ''`,
  });
  if (entry) await purgeRoom(core, roomId);
}
