import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { EntryKind, MemberRole } from '../db/model.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { appendChange, withRoom } from '../realtime/roomLog.ts';
import type { Viewer } from '../users/users.ts';

/** What one person does to the membership of another, or to their own. */
export interface MemberChange {
  roomId: string;
  kind: EntryKind;
  subjectId: string;
  changes: Prisma.Sql;
  /** Of the entry, as `LogEntry` has it. */
  detail?: Prisma.Sql;
  /** The role that is given, which the entry and the audit log tell. */
  role?: MemberRole;
}

const ACTS_ON_OTHERS = [
  'MEMBER_REMOVED',
  'MEMBER_BANNED',
  'MEMBER_UNBANNED',
  'ROLE_CHANGED',
  'OWNERSHIP_TRANSFERRED',
] as const;

/**
 * Makes one change while nobody else changes the room, and tells of it. What one person does to another stands in the
 * audit log. `check` may refuse, and sees all that came before; `outcome` is told whether the change applied, says what
 * there is now, and refuses what did not apply: before anybody can change it again.
 */
export async function change<Outcome>(
  core: Core,
  viewer: Viewer,
  memberChange: MemberChange,
  outcome: (db: Prisma.TransactionClient, applied: boolean) => Promise<Outcome>,
  check: (db: Prisma.TransactionClient) => Promise<void> = async () => {},
): Promise<Outcome> {
  const { entry, now } = await withRoom(core.db, memberChange.roomId, async (db) => {
    await check(db);
    const entry = await append(db, viewer, memberChange);
    if (entry) await auditChange(db, viewer, memberChange);
    return { entry, now: await outcome(db, entry !== null) };
  });
  if (entry) core.roomFeeds.announce([entry]);
  if (entry) core.roomsVersions.ring([memberChange.subjectId]);
  return now;
}

/** Appends all or none. Each sees what those before it have done, and all that came before in the log. */
export async function appendTogether(
  core: Core,
  roomId: string,
  appendAll: (db: Prisma.TransactionClient) => Promise<(LogEntry | null)[]>,
): Promise<LogEntry[]> {
  const entries = (await withRoom(core.db, roomId, appendAll)).filter((entry) => entry !== null);
  core.roomFeeds.announce(entries);
  return entries;
}

export function append(db: Prisma.TransactionClient, viewer: Viewer, { subjectId, role, ...change }: MemberChange) {
  const detail = role ? Prisma.sql`jsonb_build_object('role', ${role}::text)` : change.detail;
  return appendChange(db, { ...change, actorId: viewer.id, subject: Prisma.sql`${subjectId}`, detail });
}

async function auditChange(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  { kind, subjectId, roomId, role }: MemberChange,
) {
  const action = ACTS_ON_OTHERS.find((act) => act === kind);
  if (action) await audit(db, { action, actorId: viewer.id, subjectId, roomId, detail: role ?? '' });
}
