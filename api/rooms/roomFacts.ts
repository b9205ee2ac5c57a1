import type { Core } from '../core.ts';
import { allColumns, Prisma } from '../db/db.ts';
import type { Membership } from '../db/model.ts';
import { type Person, personAt, personColumns } from '../realtime/person.ts';
import type { Viewer } from '../users/users.ts';
import { unreadColumns } from './unread.ts';

/** What can be asked of many rooms at once. */
export type RoomPart = 'membership' | 'memberCount' | 'counts' | 'directWith';

/** Of one room, as the viewer sees it; what was not asked for is nothing. */
export interface RoomFacts {
  /** The viewer's own. */
  membership: Membership | null;
  memberCount: number;
  unreadCount: number;
  mentionCount: number;
  /** Where the log ended when those two were counted. */
  countedSeq: number;
  /** The other person of a direct room. */
  directWith: Person | null;
}

export const NO_FACTS: RoomFacts = {
  membership: null,
  memberCount: 0,
  unreadCount: 0,
  mentionCount: 0,
  countedSeq: 0,
  directWith: null,
};

type Row = Record<string, unknown> & Membership & RoomFacts;

// A direct room has its two people, also while one of them has put it away by blocking the other.
const COLUMNS: Record<RoomPart, Prisma.Sql> = {
  membership: allColumns('m', Prisma.MembershipScalarFieldEnum),
  memberCount: Prisma.sql`(
    SELECT count(*)::int FROM membership o WHERE o.room_id = r.id AND (o.left_seq IS NULL OR r.kind = 'DIRECT')
  ) AS "memberCount"`,
  counts: Prisma.sql`${unreadColumns}, r.last_seq AS "countedSeq"`,
  directWith: personColumns('d', 'direct'),
};

/** The parts of these rooms that are asked for, in one query. Without a viewer, nobody's membership. */
export async function readRoomFacts(
  core: Core,
  viewer: Viewer | null,
  roomIds: string[],
  parts: Set<RoomPart>,
): Promise<Map<string, RoomFacts>> {
  const columns = [...parts].map((part) => COLUMNS[part]);
  const rows = await core.db.$queryRaw<Row[]>`
    SELECT r.id AS "ofRoom", ${Prisma.join(columns)}
    FROM room r
    LEFT JOIN membership m ON m.room_id = r.id AND m.user_id = ${viewer?.id}::uuid AND m.left_seq IS NULL
    LEFT JOIN membership p ON r.kind = 'DIRECT' AND p.room_id = r.id AND p.user_id <> m.user_id
    LEFT JOIN "user" d ON d.id = p.user_id
    WHERE r.id = ANY(${roomIds}::uuid[])`;
  return new Map(rows.map((row) => [row.ofRoom as string, toFacts(row)]));
}

function toFacts(row: Row): RoomFacts {
  const { memberCount, unreadCount, mentionCount, countedSeq } = { ...NO_FACTS, ...row };
  return {
    membership: row.roomId ? row : null,
    memberCount,
    unreadCount,
    mentionCount,
    countedSeq,
    directWith: personAt(row, 'direct'),
  };
}
