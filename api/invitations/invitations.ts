import type { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Invitation } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { hashOf, inHours, linkTerms, newToken } from '../links.ts';
import { requireAdmin } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';

const Terms = linkTerms('An invitation');

/** Makes an invitation to register. The token is shown once; only its hash is kept. Administrators only. */
export async function createInvitation(core: Core, viewer: Viewer, input: z.input<typeof Terms>) {
  await requireAdmin(core, viewer);
  const { maxUses, expiresInHours } = parse(Terms, input);
  const token = newToken();
  const data = { tokenHash: hashOf(token), createdById: viewer.id, maxUses, expiresAt: inHours(expiresInHours) };
  const invitation = await core.db.$transaction(async (db) => {
    await audit(db, { action: 'INVITATION_MADE', actorId: viewer.id, detail: String(maxUses) });
    return db.invitation.create({ data });
  });
  return { token, invitation };
}

/** The invitations that can still be used, newest first, or all that are kept. Administrators only. */
export async function listInvitations(core: Core, viewer: Viewer, all: boolean): Promise<Invitation[]> {
  await requireAdmin(core, viewer);
  const open = { revokedAt: null, expiresAt: { gt: new Date() }, uses: { lt: core.db.invitation.fields.maxUses } };
  return core.db.invitation.findMany({ where: all ? {} : open, orderBy: { createdAt: 'desc' } });
}

/** Makes an invitation useless. Administrators only. */
export async function revokeInvitation(core: Core, viewer: Viewer, id: string): Promise<void> {
  await requireAdmin(core, viewer);
  const where = { id: idOf(id, 'Invitation'), revokedAt: null };
  await core.db.$transaction(async (db) => {
    const { count } = await db.invitation.updateMany({ where, data: { revokedAt: new Date() } });
    if (count === 0) throw notFound('Invitation');
    await audit(db, { action: 'INVITATION_REVOKED', actorId: viewer.id });
  });
}

/** Takes one use of the invitation, or FORBIDDEN: of two people with the last use, one gets in. */
export async function useInvitation(db: Prisma.TransactionClient, token: string): Promise<void> {
  const used = await db.$executeRaw`
    UPDATE invitation SET uses = uses + 1
    WHERE token_hash = ${hashOf(token)} AND uses < max_uses AND revoked_at IS NULL AND expires_at > now()`;
  if (used === 0) throw new AppError('FORBIDDEN', 'This invitation is used up or has expired. Ask for a new one.');
}
