import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Ban, Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import { acting, noted } from '../realtime/roomLog.ts';
import { getUser, type Viewer } from '../users/users.ts';
import { change } from './memberChanges.ts';
import { MANAGERS, type Reading, requireRole } from './memberships.ts';

const MOST = 500;
const Terms = z.object({
  reason: z
    .union([z.literal(''), line(250)])
    .nullish()
    .transform((reason) => reason ?? ''),
});

/**
 * Bans a person, member or not: they are removed as by `removeMember`, and no way leads back until the ban is lifted.
 * Owners ban moderators and members, moderators members. Banning twice is the same as once.
 */
export async function banMember(
  core: Core,
  viewer: Viewer,
  roomId: string,
  userId: string,
  input: z.input<typeof Terms>,
): Promise<Ban> {
  const room = await requireManaged(core, viewer, roomId);
  const { reason } = parse(Terms, input);
  const user = await getUser(core, viewer, userId);
  if (user.id === viewer.id) throw new AppError('FORBIDDEN', 'You cannot ban yourself. Leave the room instead.');
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const banned = {
    roomId: room.id,
    kind: 'MEMBER_BANNED' as const,
    subjectId: user.id,
    detail: Prisma.sql`jsonb_build_object('wasMember', EXISTS (SELECT 1 FROM gone))`,
    changes: banning(viewer, user.id, reason),
  };
  return change(core, viewer, banned, async (db) => {
    const ban = await db.ban.findUnique({ where: { roomId_userId: { roomId: room.id, userId: user.id } } });
    if (ban) return ban;
    await requireManaged({ db }, viewer, roomId);
    throw new AppError('FORBIDDEN', 'You cannot ban this person: their role here is not below yours.');
  });
}

/** Lifts a ban: the person may come back as anyone may. Owners and moderators; NOT_FOUND when there is none. */
export async function unbanMember(core: Core, viewer: Viewer, roomId: string, userId: string): Promise<void> {
  const room = await requireManaged(core, viewer, roomId);
  const subjectId = idOf(userId, 'Ban');
  const changes = Prisma.sql`
    ${acting(viewer.id, MANAGERS)},
    changed AS (
      DELETE FROM ban USING head, acting WHERE ban.room_id = head.id AND ban.user_id = ${subjectId}::uuid
      RETURNING ban.user_id
    )`;
  const lifted = { roomId: room.id, kind: 'MEMBER_UNBANNED' as const, subjectId, changes };
  await change(core, viewer, lifted, async (db, applied) => {
    if (applied) return;
    await requireManaged({ db }, viewer, roomId);
    throw notFound('Ban');
  });
}

/** Who is banned from a room, newest first; at most 500. Owners and moderators. */
export async function listBans(core: Core, viewer: Viewer, roomId: string): Promise<Ban[]> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  return core.db.ban.findMany({
    where: { roomId: room.id },
    orderBy: [{ createdAt: 'desc' }, { userId: 'asc' }],
    take: MOST,
  });
}

async function requireManaged(core: Reading, viewer: Viewer, roomId: string): Promise<Room> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  if (room.kind !== 'DIRECT') return room;
  throw new AppError('FORBIDDEN', 'Nobody is banned from a direct conversation. Block the person instead.');
}

// What is asked of other rows is as of now: `change` holds the room.
const banning = (viewer: Viewer, userId: string, reason: string) => Prisma.sql`
  ${acting(viewer.id, MANAGERS)},
  allowed AS (
    SELECT head.id, head.seq FROM head, acting WHERE NOT EXISTS (
      SELECT 1 FROM membership m
      WHERE m.room_id = head.id AND m.user_id = ${userId}::uuid AND m.left_seq IS NULL
        AND (m.role = 'OWNER' OR m.role = acting.role))
  ),
  changed AS (
    INSERT INTO ban (room_id, user_id, made_by_id, reason)
    SELECT allowed.id, ${userId}::uuid, ${viewer.id}::uuid, ${reason} FROM allowed
    ON CONFLICT DO NOTHING
    RETURNING user_id
  ),
  gone AS (
    UPDATE membership m SET left_seq = allowed.seq FROM allowed, changed
    WHERE m.room_id = allowed.id AND m.user_id = changed.user_id AND m.left_seq IS NULL
    RETURNING m.user_id
  ), ${noted}`;
