import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Membership, Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf } from '../input.ts';
import { acting, noted } from '../realtime/roomLog.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { refuseAdding, refuseBanned } from './banned.ts';
import { append, appendTogether, change } from './memberChanges.ts';
import { getMembership, MANAGERS, membershipOf, requireRole } from './memberships.ts';
import { appointOwner } from './roles.ts';

/**
 * Joins a public room. `joined` is false when the viewer was a member already. NOT_FOUND for every other room, FORBIDDEN
 * (reason BANNED) for who is banned from it.
 */
export async function joinRoom(core: Core, viewer: Viewer, id: string): Promise<{ room: Room; joined: boolean }> {
  const roomId = idOf(id, 'Room');
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const joined = await enterRoom(core, viewer, roomId, Prisma.sql`head.kind = 'PUBLIC'`);
  return { room: (await getMembership(core, viewer, roomId)).room, joined };
}

/**
 * Makes the viewer a member, if the condition on `head` holds; false when they were one, or it does not. What `claim`
 * does is done only for who joins. FORBIDDEN for who is banned.
 */
export async function enterRoom(
  core: Core,
  viewer: Viewer,
  roomId: string,
  allowed: Prisma.Sql,
  claim: (db: Prisma.TransactionClient) => Promise<void> = async () => {},
): Promise<boolean> {
  const changes = joining(viewer.id, allowed);
  const entries = await appendTogether(core, roomId, async (tx) => {
    await refuseBanned(tx, roomId, viewer.id, allowed);
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
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const changes = Prisma.sql`
    ${acting(viewer.id, MANAGERS)}, ${joining(user.id, Prisma.sql`EXISTS (SELECT 1 FROM acting)`)}`;
  const joined = { roomId: room.id, kind: 'MEMBER_JOINED' as const, subjectId: user.id, changes };
  const added = async (db: Prisma.TransactionClient, applied: boolean) => {
    if (!applied) await requireRole({ db }, viewer, roomId, MANAGERS);
    return membershipOf({ db }, room.id, user.id);
  };
  return change(core, viewer, joined, added, (db) => refuseAdding(db, room.id, user.id));
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
