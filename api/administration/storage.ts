import type { Core } from '../core.ts';
import type { User } from '../db/model.ts';
import { requireAdmin } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';
import { type RoomSize, sizesOf } from './rooms.ts';

const LARGEST = 10;

/** What the server keeps, in bytes. */
export interface StorageUse {
  databaseBytes: number;
  fileCount: number;
  fileBytes: number;
  /** Those with the most bytes in files. */
  rooms: RoomSize[];
  people: PersonSize[];
}

export interface PersonSize {
  user: User;
  fileCount: number;
  fileBytes: number;
}

/** How much the server keeps, and where the most of it lies. Administrators only. */
export async function readStorage(core: Core, viewer: Viewer): Promise<StorageUse> {
  await requireAdmin(core, viewer);
  const [totals] = await core.db.$queryRaw<Pick<StorageUse, 'databaseBytes' | 'fileCount' | 'fileBytes'>[]>`
    SELECT pg_database_size(current_database())::float8 AS "databaseBytes", count(*)::int AS "fileCount",
      coalesce(sum(size), 0)::float8 AS "fileBytes" FROM file`;
  const none = { databaseBytes: 0, fileCount: 0, fileBytes: 0 };
  return { ...none, ...totals, rooms: await largestRooms(core), people: await largestPeople(core) };
}

async function largestRooms(core: Core): Promise<RoomSize[]> {
  const largest = await core.db.$queryRaw<{ id: string }[]>`
    SELECT f.room_id AS id FROM file f JOIN room r ON r.id = f.room_id WHERE r.kind <> 'DIRECT' AND r.deleted_at IS NULL
    GROUP BY f.room_id ORDER BY sum(f.size) DESC, f.room_id LIMIT ${LARGEST}`;
  const rooms = await core.db.room.findMany({ where: { id: { in: largest.map(({ id }) => id) } } });
  return (await sizesOf(core, rooms)).sort((a, b) => b.fileBytes - a.fileBytes);
}

async function largestPeople({ db }: Core): Promise<PersonSize[]> {
  const largest = await db.$queryRaw<{ id: string; fileCount: number; fileBytes: number }[]>`
    SELECT owner_id AS id, count(*)::int AS "fileCount", sum(size)::float8 AS "fileBytes" FROM file
    WHERE owner_id IS NOT NULL GROUP BY owner_id ORDER BY sum(size) DESC, owner_id LIMIT ${LARGEST}`;
  const users = await db.user.findMany({ where: { id: { in: largest.map(({ id }) => id) } } });
  const named = new Map(users.map((user) => [user.id, user]));
  return largest.flatMap(({ id, ...size }) => {
    const user = named.get(id);
    return user ? [{ ...size, user }] : [];
  });
}
