import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { NotifyLevel, Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { noteRooms } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';
import { getMembership } from './memberships.ts';

/** Moves the viewer's read position on to that place, never back and never beyond the end of the log. */
export function markRead(core: Core, viewer: Viewer, roomId: string, seq: number): Promise<Room> {
  const position = place(seq);
  return keep(
    core,
    viewer,
    roomId,
    Prisma.sql`read_seq`,
    Prisma.sql`greatest(m.read_seq, least(${position}, r.last_seq))`,
  );
}

/** Moves the viewer's read position back, so that what stands at that place is the first that is unread. */
export function markUnread(core: Core, viewer: Viewer, roomId: string, seq: number): Promise<Room> {
  const position = place(seq - 1);
  return keep(core, viewer, roomId, Prisma.sql`read_seq`, Prisma.sql`least(m.read_seq, ${position})`);
}

/** Says what the viewer wants to be told of the room. */
export function setNotify(core: Core, viewer: Viewer, roomId: string, level: NotifyLevel): Promise<Room> {
  return keep(core, viewer, roomId, Prisma.sql`notify`, Prisma.sql`${level}::"NotifyLevel"`);
}

// Without a difference nothing is written and nobody is told.
async function keep(core: Core, viewer: Viewer, id: string, column: Prisma.Sql, value: Prisma.Sql): Promise<Room> {
  const { room } = await getMembership(core, viewer, id);
  await core.limits.take('marksPer10Seconds', viewer.id, viewer);
  const [noted] = await core.db.$queryRaw<{ version: number }[]>`
    WITH kept AS (
      UPDATE membership m SET ${column} = ${value} FROM room r
      WHERE r.id = ${room.id}::uuid AND m.room_id = r.id AND m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL
        AND m.${column} <> ${value}
      RETURNING m.user_id
    )
    ${noteRooms(Prisma.sql`SELECT user_id FROM kept`)} RETURNING rooms_version AS version`;
  if (noted) core.roomsVersions.ringPlace(viewer.id, { roomId: room.id, version: noted.version });
  return room;
}

const MOST = 2_147_483_647;

function place(seq: number): number {
  if (seq < 0 || seq > MOST) throw new AppError('INVALID_INPUT', 'A position is a number from 1 on.');
  return seq;
}
