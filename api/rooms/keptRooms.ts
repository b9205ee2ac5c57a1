import type { Core } from '../core.ts';
import type { Kept } from '../realtime/lookups.ts';
import { unreadColumns } from './unread.ts';

/** How far a person has read in a room, and what that leaves as of one moment: `lastSeq` is where the log ended then. */
export interface ReadPosition {
  roomId: string;
  readSeq: number;
  unreadCount: number;
  mentionCount: number;
  lastSeq: number;
}

/** What a person keeps of a room, and the version under which that is so. */
export async function readKept(core: Core, userId: string, roomId: string) {
  const [row] = await core.db.$queryRaw<(Kept & { version: number })[]>`
    SELECT u.rooms_version AS version, m.room_id AS "roomId", m.joined_seq AS "joinedSeq", m.read_seq AS "readSeq",
      m.notify::text AS notify
    FROM "user" u
    LEFT JOIN membership m ON m.user_id = u.id AND m.room_id = ${roomId}::uuid AND m.left_seq IS NULL
    WHERE u.id = ${userId}::uuid`;
  return { version: row?.version ?? 0, kept: row?.roomId ? (row as Kept) : null };
}

/** How far a person has read in these rooms of theirs. */
export function readPositions(core: Core, userId: string, roomIds: string[]): Promise<ReadPosition[]> {
  return core.db.$queryRaw<ReadPosition[]>`
    SELECT r.id AS "roomId", m.read_seq AS "readSeq", r.last_seq AS "lastSeq", ${unreadColumns}
    FROM membership m JOIN room r ON r.id = m.room_id
    WHERE m.user_id = ${userId}::uuid AND m.left_seq IS NULL AND r.id = ANY(${roomIds}::uuid[])`;
}
