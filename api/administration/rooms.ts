import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, literally } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import { endRoom } from '../rooms/rooms.ts';
import { requireAdmin } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';

/** A room as administrators know it: how large it is, and nothing of what is in it. */
export interface RoomSize {
  room: Room;
  memberCount: number;
  fileCount: number;
  fileBytes: number;
}

/** Public and private rooms, newest first: those whose public name has the text in it, or the one with that id. */
export async function pageAllRooms(
  core: Core,
  viewer: Viewer,
  search: string | null | undefined,
  page: PageRequest,
): Promise<Page<RoomSize>> {
  await requireAdmin(core, viewer);
  const { nodes, ...more } = await readPage(page, 'first', ({ after, before, limit, backwards }) =>
    core.db.room.findMany({
      where: { ...SHOWN, AND: [found(search ?? ''), { id: { lt: placeOf(after), gt: placeOf(before) } }] },
      orderBy: { id: backwards ? 'asc' : 'desc' },
      take: limit,
    }),
  );
  return { ...more, nodes: await sizesOf(core, nodes) };
}

/** Deletes a room and everything in it, for everyone. Administrators only; NOT_FOUND for what they are not shown. */
export async function removeRoom(core: Core, viewer: Viewer, id: string): Promise<void> {
  await requireAdmin(core, viewer);
  const room = await core.db.room.findFirst({ where: { ...SHOWN, id: idOf(id, 'Room') } });
  const ended = room && (await endRoom(core, viewer, room.id, Prisma.sql`changed AS (SELECT head.id FROM head)`));
  if (!ended) throw notFound('Room');
}

/** The name as far as an administrator may know it: that of a private room is its members' business. */
export const publicName = ({ kind, name }: Room) => (kind === 'PUBLIC' ? name : null);

/** How large these rooms are, in that order. */
export async function sizesOf({ db }: Core, rooms: Room[]): Promise<RoomSize[]> {
  const ids = rooms.map(({ id }) => id);
  const sizes = await db.$queryRaw<(Omit<RoomSize, 'room'> & { id: string })[]>`
    SELECT r.id, count(f.id)::int AS "fileCount", coalesce(sum(f.size), 0)::float8 AS "fileBytes", (
      SELECT count(*)::int FROM membership m WHERE m.room_id = r.id AND m.left_seq IS NULL) AS "memberCount"
    FROM room r LEFT JOIN file f ON f.room_id = r.id WHERE r.id = ANY(${ids}::uuid[]) GROUP BY r.id`;
  const found = new Map(sizes.map((size) => [size.id, size]));
  return rooms.map((room) => ({ memberCount: 0, fileCount: 0, fileBytes: 0, ...found.get(room.id), room }));
}

const SHOWN = { kind: { in: ['PUBLIC' as const, 'PRIVATE' as const] }, deletedAt: null };
const isId = (text: string) => z.guid().safeParse(text).success;

function found(search: string): Prisma.RoomWhereInput {
  if (!search.trim()) return {};
  if (isId(search.trim())) return { id: search.trim().toLowerCase() };
  return { kind: 'PUBLIC', name: { contains: literally(search, 80), mode: 'insensitive' } };
}

function placeOf(cursor: string | null): string | undefined {
  if (cursor === null || isId(cursor)) return cursor ?? undefined;
  throw new AppError('INVALID_INPUT', 'This is not a cursor of a room.');
}
