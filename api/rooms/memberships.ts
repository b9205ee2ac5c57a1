import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { EntryKind, MemberRole, Membership, Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import type { LogEntry } from '../realtime/entry.ts';
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

/** Who is in the room, longest membership first. The room has been found through a membership. */
export function pageMembers(core: Core, room: Room, page: PageRequest): Promise<Page<Membership>> {
  return readPage(page, 'first', ({ after, before, limit, backwards }) => {
    const order = backwards ? 'desc' : 'asc';
    return core.db.membership.findMany({
      where: { roomId: room.id, ...present(room), AND: [beyond('gt', after), beyond('lt', before)] },
      orderBy: [{ joinedSeq: order }, { userId: order }],
      take: limit,
    });
  });
}

// A direct room has its two people, also while one of them has put it away by blocking the other.
const present = ({ kind }: Room) => (kind === 'DIRECT' ? {} : { leftSeq: null });

/** Where a membership stands in the list, also once it has ended. */
export const memberCursor = ({ joinedSeq, userId }: Membership): string => `${joinedSeq}.${userId}`;

const CURSOR = /^(\d{1,9})\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;
function beyond(side: 'gt' | 'lt', cursor: string | null): Prisma.MembershipWhereInput {
  if (cursor === null) return {};
  const [, seq, userId] = CURSOR.exec(cursor) ?? [];
  if (!seq || !userId) throw new AppError('INVALID_INPUT', 'This is not a cursor of a member.');
  const joinedSeq = Number(seq);
  return { OR: [{ joinedSeq: { [side]: joinedSeq } }, { joinedSeq, userId: { [side]: userId } }] };
}

/** Joins a public room. `joined` is false when the viewer was a member already. NOT_FOUND for every other room. */
export async function joinRoom(core: Core, viewer: Viewer, id: string): Promise<{ room: Room; joined: boolean }> {
  const roomId = idOf(id, 'Room');
  await core.limits.take('changesPerMinute', viewer.id);
  const joined = await enterRoom(core, viewer, roomId, Prisma.sql`head.kind = 'PUBLIC'`);
  return { room: (await getMembership(core, viewer, roomId)).room, joined };
}

/**
 * Makes the viewer a member, if the condition on `head` holds; false when they were one, or it does not. What `claim`
 * does is done only for who joins.
 */
export async function enterRoom(
  core: Core,
  viewer: Viewer,
  roomId: string,
  allowed: Prisma.Sql,
  claim: (db: Prisma.TransactionClient) => Promise<void> = async () => {},
): Promise<boolean> {
  const changes = joining(viewer.id, allowed);
  const entries = await appendTogether(core, async (tx) => {
    const joined = await append(tx, viewer, { roomId, kind: 'MEMBER_JOINED', subjectId: viewer.id, changes });
    if (!joined) return [];
    await claim(tx);
    return [joined, await appointOwner(tx, viewer, roomId)];
  });
  if (entries.length > 0) core.roomsVersions.ring([viewer.id]);
  return entries.length > 0;
}

/** Adds a person to a room that the viewer manages. Adding a member changes nothing. */
export async function addMember(core: Core, viewer: Viewer, roomId: string, userId: string): Promise<Membership> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  if (room.kind === 'DIRECT')
    throw new AppError('FORBIDDEN', 'A direct conversation stays between two people. Create a room instead.'); // prettier-ignore
  const user = await getUser(core, viewer, userId);
  await core.limits.take('changesPerMinute', viewer.id);
  const changes = Prisma.sql`
    ${acting(viewer.id, MANAGERS)}, ${joining(user.id, Prisma.sql`EXISTS (SELECT 1 FROM acting)`)}`;
  const added = await change(core, viewer, { roomId: room.id, kind: 'MEMBER_JOINED', subjectId: user.id, changes });
  if (!added) await requireRole(core, viewer, roomId, MANAGERS);
  return membershipOf(core, room.id, user.id);
}

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
  const entries = await appendTogether(core, async (tx) => {
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
  if (await change(core, viewer, removal)) return;
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
  const changes = Prisma.sql`
    ${acting(viewer.id, ['OWNER'])},
    changed AS (
      UPDATE membership m SET role = ${role}::"MemberRole" FROM head, acting
      WHERE m.room_id = head.id AND m.user_id = ${target.userId}::uuid AND m.left_seq IS NULL AND m.role::text <> ${role}
      RETURNING m.user_id
    )`;
  const given = { roomId: room.id, kind: 'ROLE_CHANGED' as const, subjectId: target.userId, changes, role };
  if (!(await change(core, viewer, given))) await requireRole(core, viewer, roomId, ['OWNER']);
  return membershipOf(core, room.id, target.userId);
}

async function membershipOf(core: Core, roomId: string, userId: string): Promise<Membership> {
  const membership = await core.db.membership.findFirst({ where: { roomId, userId, leftSeq: null } });
  if (!membership) throw notFound('Member');
  return membership;
}

interface MemberChange {
  roomId: string;
  kind: EntryKind;
  subjectId: string;
  changes: Prisma.Sql;
  role?: MemberRole;
}

async function change(core: Core, viewer: Viewer, memberChange: MemberChange): Promise<boolean> {
  const entry = await append(core.db, viewer, memberChange);
  if (!entry) return false;
  core.roomFeeds.announce([entry]);
  core.roomsVersions.ring([memberChange.subjectId]);
  return true;
}

// All or none. Each sees what those before it have done, because the first one took the lock of the room.
async function appendTogether(
  core: Core,
  appendAll: (tx: Prisma.TransactionClient) => Promise<(LogEntry | null)[]>,
): Promise<LogEntry[]> {
  const entries = (await core.db.$transaction(appendAll)).filter((entry) => entry !== null);
  core.roomFeeds.announce(entries);
  return entries;
}

function append(db: Prisma.TransactionClient, viewer: Viewer, { subjectId, role, ...change }: MemberChange) {
  const detail = role && Prisma.sql`jsonb_build_object('role', ${role}::text)`;
  return appendChange(db, { ...change, actorId: viewer.id, subject: Prisma.sql`${subjectId}`, detail });
}

const joining = (userId: string, allowed: Prisma.Sql) => Prisma.sql`
  changed AS (
    INSERT INTO membership (room_id, user_id, role, joined_at, joined_seq, read_seq)
    SELECT head.id, ${userId}::uuid, 'MEMBER', now(), head.seq, head.seq FROM head WHERE ${allowed}
    ON CONFLICT (room_id, user_id) DO UPDATE
      SET role = 'MEMBER', joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, read_seq = excluded.read_seq,
        left_seq = NULL
      WHERE membership.left_seq IS NOT NULL
    RETURNING user_id
  ), ${noted}`;

// A room without an owner could be neither renamed nor deleted.
function appointOwner(tx: Prisma.TransactionClient, viewer: Viewer, roomId: string): Promise<LogEntry | null> {
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
