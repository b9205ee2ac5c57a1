import { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { parse } from '../input.ts';
import { acting, appendChange } from '../realtime/roomLog.ts';
import { requireRole } from '../rooms/memberships.ts';
import { getRoom, roomDetail } from '../rooms/rooms.ts';
import type { Viewer } from '../users/users.ts';
import { expireRoom } from './expiring.ts';

const Days = z.int().min(1, 'At least 1 day.').max(3650, 'At most 3,650 days.').nullable();

/**
 * For how many days (1 to 3,650) the messages of a room are kept from now on; null: for good. Owners; FORBIDDEN in a
 * direct conversation, which has none. The members are told by an entry of the log (RoomChanged), and what is older
 * already is gone right after it. Without a difference nothing is told.
 */
export async function setRetention(core: Core, viewer: Viewer, roomId: string, limit: number | null): Promise<Room> {
  const room = await requireRole(core, viewer, roomId, ['OWNER']);
  const { days } = parse(z.object({ days: Days }), { days: limit });
  if (room.kind === 'DIRECT') throw new AppError('FORBIDDEN', 'A direct conversation keeps its messages for good.');
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const entry = await appendChange(core.db, {
    roomId: room.id,
    kind: 'ROOM_CHANGED',
    actorId: viewer.id,
    detail: Prisma.sql`${roomDetail} || '{"retentionChanged": true}'`,
    changes: Prisma.sql`
      ${acting(viewer.id, ['OWNER'])},
      changed AS (
        SELECT head.id FROM head, acting JOIN room ON room.id = ${room.id}::uuid
        WHERE room.retention_days IS DISTINCT FROM ${days}::int
      )`,
    alsoSet: Prisma.sql`, retention_days = ${days}::int`,
  });
  if (!entry) await requireRole(core, viewer, roomId, ['OWNER']);
  else {
    core.roomFeeds.announce([entry]);
    expireRoom(core, room.id).catch((error) => core.log.warn('retention.failed', { error }));
  }
  return getRoom(core, viewer, room.id);
}
