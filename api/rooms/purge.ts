import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { noteRooms } from '../realtime/roomLog.ts';

/**
 * Removes what a deleted room still holds: every entry but the one that tells of the deletion, every
 * membership, ban and link.
 */
export async function purgeRoom(core: Core, roomId: string): Promise<void> {
  const members = await core.db.$queryRaw<{ id: string }[]>`
    WITH gone AS (
      DELETE FROM membership WHERE room_id = ${roomId}::uuid RETURNING user_id, left_seq
    ),
    emptied AS (
      DELETE FROM entry WHERE room_id = ${roomId}::uuid AND kind <> 'ROOM_DELETED'
    ),
    unbanned AS (
      DELETE FROM ban WHERE room_id = ${roomId}::uuid
    ),
    unlinked AS (
      DELETE FROM room_link WHERE room_id = ${roomId}::uuid
    ),
    unhooked AS (
      DELETE FROM incoming_webhook WHERE room_id = ${roomId}::uuid
    ),
    untold AS (
      DELETE FROM outgoing_webhook WHERE room_id = ${roomId}::uuid
    ),
    unmentioned AS (
      DELETE FROM mention WHERE room_id = ${roomId}::uuid
    ),
    unanswered AS (
      DELETE FROM reaction WHERE room_id = ${roomId}::uuid
    ),
    ungrouped AS (
      DELETE FROM group_device WHERE room_id = ${roomId}::uuid
    ),
    uninformed AS (
      DELETE FROM group_info WHERE room_id = ${roomId}::uuid
    ),
    unwelcome AS (
      DELETE FROM welcome WHERE room_id = ${roomId}::uuid
    ),
    unkept AS (
      DELETE FROM backup_segment WHERE room_id = ${roomId}::uuid
    )
    ${noteRooms(Prisma.sql`SELECT user_id FROM gone WHERE left_seq IS NULL`)} RETURNING id`;
  core.roomsVersions.ring(members.map((member) => member.id));
}

/** Finishes deletions that a crash interrupted. */
export async function purgeDeletedRooms(core: Core): Promise<void> {
  const left = await core.db.room.findMany({
    where: {
      deletedAt: { not: null },
      OR: [{ memberships: { some: {} } }, { entries: { some: { kind: { not: 'ROOM_DELETED' } } } }],
    },
    select: { id: true },
  });
  for (const { id } of left) await purgeRoom(core, id);
}
