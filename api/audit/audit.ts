import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { AuditAction, AuditEvent } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import { requireAdmin } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';

/** That somebody did something: to a person, in a room, both or neither. */
export interface Act {
  action: AuditAction;
  actorId: string;
  subjectId?: string;
  roomId?: string;
  /** What it was changed to, in a word. Never a message's text, a secret or an address. */
  detail?: string;
}

/** What happened to an account, of which its owner is told. */
const ON_ACCOUNTS = [
  'PASSWORD_CHANGED',
  'RECOVERY_CODE_MADE',
  'RECOVERY_CODE_USED',
  'RESET_LINK_MADE',
  'RESET_LINK_USED',
  'PERSONAL_TOKEN_MADE',
  'ADMINISTRATOR_MADE',
  'ADMINISTRATOR_REMOVED',
  'ACCOUNT_DISABLED',
  'ACCOUNT_ENABLED',
  'SESSIONS_ENDED',
  'PASSKEY_ADDED',
  'PASSKEY_REMOVED',
  'SECOND_FACTOR_ON',
  'SECOND_FACTOR_OFF',
  'DEVICE_ADDED',
  'DEVICE_REVOKED',
  'IDENTITY_REPLACED',
] as const satisfies AuditAction[];
export type AccountAction = (typeof ON_ACCOUNTS)[number];

/** Keeps what was done, for a year: in the transaction that does it, so that neither is there without the other. */
export async function audit(db: Prisma.TransactionClient, act: Act): Promise<void> {
  await db.auditEvent.create({ data: act });
}

/** What happened to the viewer's account in the last year, newest first; at most 50. */
export function listOwnEvents(core: Core, viewer: Viewer): Promise<AuditEvent[]> {
  const where = { subjectId: viewer.id, action: { in: [...ON_ACCOUNTS] } };
  return core.db.auditEvent.findMany({ where, orderBy: { id: 'desc' }, take: 50 });
}

/** Who did what, newest first: what a person did or what was done to them, and only these acts. Administrators only. */
export async function pageAuditLog(
  core: Core,
  viewer: Viewer,
  { userId, actions }: { userId?: string | null; actions?: readonly AuditAction[] | null },
  page: PageRequest,
): Promise<Page<AuditEvent>> {
  await requireAdmin(core, viewer);
  const person = userId == null ? null : idOf(userId, 'Person');
  return readPage(page, 'first', ({ after, before, limit, backwards }) =>
    core.db.auditEvent.findMany({
      where: {
        ...(person && { OR: [{ actorId: person }, { subjectId: person }] }),
        ...(actions && { action: { in: [...actions] } }),
        id: { lt: placeOf(after), gt: placeOf(before) },
      },
      orderBy: { id: backwards ? 'asc' : 'desc' },
      take: limit,
    }),
  );
}

function placeOf(cursor: string | null): string | undefined {
  if (cursor === null) return undefined;
  const parsed = z.guid().safeParse(cursor);
  if (!parsed.success) throw new AppError('INVALID_INPUT', 'This is not a cursor of the audit log.');
  return parsed.data;
}
