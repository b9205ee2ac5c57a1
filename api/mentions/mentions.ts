import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import type { MessageState } from '../realtime/entry.ts';
import { selectMessages } from '../realtime/logPages.ts';
import type { Viewer } from '../users/users.ts';

/**
 * Messages of others, of nobody whom they block, in the rooms of the viewer that mention them, by name or with everyone, newest first. Of the
 * `unread` ones, all that stand in direct rooms are among them.
 */
export function pageMentions(
  core: Core,
  viewer: Viewer,
  unread: boolean,
  page: PageRequest,
): Promise<Page<MessageState>> {
  return readPage(page, 'first', ({ after, before, limit, backwards }) => {
    const order = backwards ? Prisma.sql`ASC` : Prisma.sql`DESC`;
    const listed = Prisma.sql`${bound('<', after)} AND ${bound('>', before)} AND NOT EXISTS (
      SELECT 1 FROM block b WHERE b.blocker_id = ${viewer.id}::uuid AND b.blocked_id = e.actor_id)`;
    const first = (place: string) =>
      Prisma.sql`ORDER BY ${Prisma.raw(place)}.created_at ${order}, e.id ${order} LIMIT ${limit}`;
    const named = Prisma.sql`(${namedIn(viewer, unread)} AND ${listed} ${unread ? Prisma.empty : first('n')})`;
    const found = Prisma.sql`(
      SELECT e.* FROM (${named} UNION ${called(viewer, unread)}) place
      JOIN entry e ON e.room_id = place.room_id AND e.seq = place.seq
      WHERE ${listed} ${first('e')}
    )`;
    return selectMessages(core.db, found, Prisma.sql`e.created_at ${order}, e.id ${order}`);
  });
}

/** Where a mention stands in the list. */
export const mentionCursor = ({ id, createdAt }: MessageState): string => `${id}.${createdAt}`;

// Of all there are, which may be many, the first by time; of the unread ones each: those of a room stand together.
function namedIn(viewer: Viewer, unread: boolean) {
  return Prisma.sql`
    SELECT n.room_id, n.seq FROM (${rooms(viewer)}) own
    JOIN mention n ON n.user_id = ${viewer.id}::uuid AND n.room_id = own.room_id
    JOIN entry e ON e.room_id = n.room_id AND e.seq = n.seq
    WHERE n.seq > ${since(unread)}`;
}

function called(viewer: Viewer, unread: boolean) {
  const others = Prisma.sql`e.room_id = own.room_id AND e.actor_id IS DISTINCT FROM own.user_id`;
  const direct = Prisma.sql`
    UNION SELECT e.room_id, e.seq FROM (${rooms(viewer)}) own JOIN entry e ON ${others}
    WHERE own.kind = 'DIRECT' AND e.kind = 'MESSAGE' AND e.deleted_at IS NULL AND e.seq > own.read_seq`;
  return Prisma.sql`
    SELECT e.room_id, e.seq FROM (${rooms(viewer)}) own JOIN entry e ON ${others}
    WHERE e.mentions_room AND e.seq > own.joined_seq AND e.seq > ${since(unread)}
    ${unread ? direct : Prisma.empty}`;
}

const since = (unread: boolean) => (unread ? Prisma.sql`own.read_seq` : Prisma.sql`0`);
const rooms = (viewer: Viewer) => Prisma.sql`
  SELECT m.*, r.kind FROM membership m JOIN room r ON r.id = m.room_id AND r.deleted_at IS NULL
  WHERE m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL`;

const CURSOR = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/;

function bound(side: '<' | '>', cursor: string | null): Prisma.Sql {
  if (cursor === null) return Prisma.sql`true`;
  const [, id, createdAt] = CURSOR.exec(cursor) ?? [];
  if (!id || !createdAt || Number.isNaN(Date.parse(createdAt)))
    throw new AppError('INVALID_INPUT', 'This is not a cursor of a mention.');
  return Prisma.sql`(e.created_at, e.id) ${Prisma.raw(side)} (${createdAt}::timestamptz, ${id}::uuid)`;
}
