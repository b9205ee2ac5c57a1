import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { allColumns, Prisma } from '../db/db.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { Room, RoomKind } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, line, literally, parse } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import { acting, appendChange, noteRooms, withRoom } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';
import { requireRole } from './memberships.ts';
import { purgeRoom } from './purge.ts';

const WORDS_INSIDE = 'The name and topic of an encrypted room stand inside the encryption: leave them out.';
const RoomName = line(80);
const Topic = z.union([z.literal(''), line(250)]);
const Kind = z.enum(['PUBLIC', 'PRIVATE'], 'A room is PUBLIC or PRIVATE.').default('PUBLIC');
const NewRoom = z.object({ name: RoomName, topic: Topic.nullish(), kind: Kind });
const NewEncryptedRoom = z.object({
  name: z.null(WORDS_INSIDE).optional(),
  topic: z.null(WORDS_INSIDE).optional(),
  kind: z.literal('PRIVATE', 'Only a private room is encrypted.'),
});
type NewRoomInput = {
  name?: string | null | undefined;
  topic?: string | null | undefined;
  kind?: RoomKind;
  encrypted?: boolean | null | undefined;
};
const Changes = z.object({ name: RoomName.nullish(), topic: Topic.nullish() });

/** The room, if the viewer is a member of it; NOT_FOUND otherwise, whether or not it exists. */
export async function getRoom(core: Core, viewer: Viewer, id: string): Promise<Room> {
  const room = await core.db.room.findFirst({ where: { id: idOf(id, 'Room'), ...of(viewer) } });
  if (!room) throw notFound('Room');
  return room;
}

/** The viewer's rooms, oldest membership first, and the version of their set as it was at the same moment. */
export async function listRooms(core: Core, viewer: Viewer): Promise<{ rooms: Room[]; version: number }> {
  const rows = await core.db.$queryRaw<(Room & { version: number })[]>`
    SELECT u.rooms_version AS version, ${allColumns('r', Prisma.RoomScalarFieldEnum)}
    FROM "user" u
    LEFT JOIN (membership m JOIN room r ON r.id = m.room_id AND r.deleted_at IS NULL)
      ON m.user_id = u.id AND m.left_seq IS NULL
    WHERE u.id = ${viewer.id}::uuid
    ORDER BY m.joined_at, m.room_id`;
  return { rooms: rows.filter(({ id }) => id), version: rows[0]?.version ?? 0 };
}

/** A public room for whoever is signed in; NOT_FOUND for any other. */
export async function getPublicRoom(core: Core, _viewer: Viewer, id: string): Promise<Room> {
  const room = await core.db.room.findFirst({ where: { id: idOf(id, 'Room'), ...PUBLIC } });
  if (!room) throw notFound('Room');
  return room;
}

/** The public rooms whose name has the text in it, by name. */
export function pagePublicRooms(
  core: Core,
  _viewer: Viewer,
  search: string | null | undefined,
  page: PageRequest,
): Promise<Page<Room>> {
  const name = { contains: literally(search ?? '', 80), mode: 'insensitive' as const };
  return readPage(page, 'first', ({ after, before, limit, backwards }) =>
    core.db.room.findMany({
      where: { ...PUBLIC, name, nameKey: { gt: after ?? undefined, lt: before ?? undefined } },
      orderBy: { nameKey: backwards ? 'desc' : 'asc' },
      take: limit,
    }),
  );
}

/** Where a room stands in the list, also once it is gone from there. */
export const publicRoomCursor = (room: Room): string => room.nameKey ?? '';

/**
 * Makes a room with the viewer as owner and first member. CONFLICT when a public room has that name. An encrypted one is
 * private, and what it is called the server is not told.
 */
export async function createRoom(core: Core, viewer: Viewer, input: NewRoomInput): Promise<Room> {
  const data = input.encrypted ? encryptedRoom(input) : plainRoom(input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const owner = { userId: viewer.id, role: 'OWNER' as const, joinedSeq: 1 };
  const room = await core.db.$transaction((db) => openRoom(db, viewer, data, [owner])).catch(refuseName);
  core.roomsVersions.ring([viewer.id]);
  return room;
}

function plainRoom(input: NewRoomInput) {
  const { name, topic, kind } = parse(NewRoom, input);
  return { name, topic: topic ?? '', kind, nameKey: kind === 'PUBLIC' ? nameKey(name) : null };
}

function encryptedRoom(input: NewRoomInput) {
  return { kind: parse(NewEncryptedRoom, input).kind, encryption: 'MLS' as const };
}

/** Changes name or topic; owners and moderators. Without a difference nothing is told. */
export async function updateRoom(
  core: Core,
  viewer: Viewer,
  id: string,
  input: z.input<typeof Changes>,
): Promise<Room> {
  const room = await requireRole(core, viewer, id, ['OWNER', 'MODERATOR']);
  const { name = null, topic = null } = parse(Changes, input);
  if (room.kind === 'DIRECT') throw new AppError('FORBIDDEN', 'A direct conversation has no name or topic.');
  refuseWords(room);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const key = room.kind === 'PUBLIC' && name ? nameKey(name) : null;
  const change = {
    roomId: room.id,
    kind: 'ROOM_CHANGED' as const,
    actorId: viewer.id,
    detail: roomDetail,
    changes: Prisma.sql`
      ${acting(viewer.id, ['OWNER', 'MODERATOR'])},
      changed AS (
        SELECT head.id FROM head, acting WHERE head.encryption = 'NONE'
          AND (coalesce(${name}, head.name) IS DISTINCT FROM head.name OR coalesce(${topic}, head.topic) <> head.topic)
      )`,
    alsoSet: Prisma.sql`
      , name = coalesce(${name}, room.name), topic = coalesce(${topic}, room.topic)
      , name_key = coalesce(${key}, room.name_key)`,
  };
  const entry = await withRoom(core.db, room.id, (db) => appendChange(db, change)).catch(refuseName);
  if (entry) core.roomFeeds.announce([entry]);
  else refuseWords(await requireRole(core, viewer, id, ['OWNER', 'MODERATOR']));
  return getRoom(core, viewer, id);
}

function refuseWords({ encryption }: Room): void {
  if (encryption !== 'NONE') throw new AppError('CONFLICT', WORDS_INSIDE, { reason: 'E2EE_REQUIRED' });
}

/** What ROOM_CHANGED says of the room: all that can be changed, as it is from there on. */
export const roomDetail = Prisma.sql`
  jsonb_build_object('name', bumped.name, 'topic', bumped.topic, 'retentionDays', bumped.retention_days)`;

/** Deletes the room and everything in it, for everyone; owners. */
export async function deleteRoom(core: Core, viewer: Viewer, id: string): Promise<void> {
  const room = await requireRole(core, viewer, id, ['OWNER']);
  const changes = Prisma.sql`${acting(viewer.id, ['OWNER'])}, changed AS (SELECT user_id FROM acting)`;
  if (!(await endRoom(core, viewer, room.id, changes))) await requireRole(core, viewer, id, ['OWNER']);
}

/** Deletes a room if the changes, as `Change` has them, say so; false when they do not. The caller has the right to. */
export async function endRoom(core: Core, viewer: Viewer, roomId: string, changes: Prisma.Sql): Promise<boolean> {
  const alsoSet = Prisma.sql`, deleted_at = now(), name = NULL, name_key = NULL, topic = '', direct_key = NULL`;
  const entry = await core.db.$transaction(async (db) => {
    const deletion = { roomId, kind: 'ROOM_DELETED' as const, actorId: viewer.id, changes, alsoSet };
    const entry = await appendChange(db, deletion);
    if (entry) await audit(db, { action: 'ROOM_DELETED', actorId: viewer.id, roomId });
    return entry;
  });
  if (!entry) return false;
  core.roomFeeds.announce([entry]);
  await purgeRoom(core, roomId);
  return true;
}

type NewMember = { userId: string; role: 'OWNER' | 'MEMBER'; joinedSeq: number; leftSeq?: number };
type Kind = Pick<Prisma.RoomUncheckedCreateInput, 'name' | 'nameKey' | 'topic' | 'directKey' | 'encryption'> & {
  kind: RoomKind;
};

/** Makes a room with its first entry and these members, within a transaction. */
export async function openRoom(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  room: Kind,
  members: NewMember[],
): Promise<Room> {
  const entry = { seq: 1, id: randomUUID(), kind: 'ROOM_CREATED' as const, actorId: viewer.id };
  const memberships = { create: members };
  const data = { ...room, createdById: viewer.id, lastSeq: 1, memberships, entries: { create: entry } };
  const made = await db.room.create({ data });
  const present = members.filter(({ leftSeq }) => leftSeq === undefined).map(({ userId }) => userId);
  await db.$executeRaw(noteRooms(Prisma.sql`SELECT unnest(${present}::uuid[])`));
  return made;
}

const PUBLIC = { kind: 'PUBLIC', deletedAt: null } as const;
const of = (viewer: Viewer) => ({ deletedAt: null, memberships: { some: { userId: viewer.id, leftSeq: null } } });
/** What is unique about the name of a public room. */
export const nameKey = (name: string) => name.normalize('NFKC').toLowerCase();

function refuseName(error: unknown): never {
  if (isUniqueViolation(error, 'room_name_key_key'))
    throw new AppError('CONFLICT', 'A room with this name already exists');
  throw error;
}
