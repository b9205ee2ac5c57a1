import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from './users.ts';

/** Throws FORBIDDEN unless the viewer is an administrator at this moment. */
export async function requireAdmin(core: Core, viewer: Viewer): Promise<void> {
  const user = await core.db.user.findUnique({ where: { id: viewer.id }, select: { isAdmin: true } });
  if (!user?.isAdmin) throw new AppError('FORBIDDEN', 'Only an administrator can do this.');
}

/**
 * The ids of the administrators who can sign in, none of whom goes until the transaction ends. The account that is about
 * to be changed is held with them: all in the order of their ids. FORBIDDEN if that one `leaves` and nobody else is
 * among them.
 */
export async function holdAdmins(db: Prisma.TransactionClient, changed: string, leaves: boolean): Promise<string[]> {
  const held = await db.$queryRaw<{ id: string; governs: boolean }[]>`
    SELECT id, is_admin AND disabled_at IS NULL AS governs FROM "user"
    WHERE is_admin AND disabled_at IS NULL OR id = ${changed}::uuid ORDER BY id FOR NO KEY UPDATE`;
  const ids = held.filter(({ governs }) => governs).map(({ id }) => id);
  if (leaves && !ids.some((id) => id !== changed)) throw onlyAdministrator();
  return ids;
}

const onlyAdministrator = () =>
  new AppError(
    'FORBIDDEN',
    'This is the only administrator here. Make another one first, or run “npm run createsuperuser” on the server.',
  );
