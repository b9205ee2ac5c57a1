import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from './users.ts';

/** Throws FORBIDDEN unless the viewer is an administrator at this moment. */
export async function requireAdmin(core: Core, viewer: Viewer): Promise<void> {
  const user = await core.db.user.findUnique({ where: { id: viewer.id }, select: { isAdmin: true } });
  if (!user?.isAdmin) throw new AppError('FORBIDDEN', 'Only an administrator can do this.');
}
