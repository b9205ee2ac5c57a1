import type { Core } from '../core.ts';
import type { Viewer } from '../users/users.ts';

/**
 * From now until then the viewer is shown nothing outside the page, on any device. Null, or a time that is past, ends it.
 * What was said in the quiet is not told afterwards.
 */
export async function hush(core: Core, viewer: Viewer, until: Date | null): Promise<void> {
  await core.limits.take('marksPer10Seconds', viewer.id, viewer);
  const end = until && until.getTime() > Date.now() ? until : null;
  // An end now, not none: what was said before it stays untold.
  await core.db.$executeRaw`
    UPDATE "user" SET rooms_version = rooms_version + 1,
      hushed_until = coalesce(${end}::timestamptz, least(hushed_until, now()))
    WHERE id = ${viewer.id}::uuid`;
  core.roomsVersions.ring([viewer.id]);
}

/** Until when the viewer is hushed; null when they are not. */
export async function hushedUntil(core: Core, viewer: Viewer): Promise<Date | null> {
  const user = await core.db.user.findUnique({ where: { id: viewer.id }, select: { hushedUntil: true } });
  return standing(user?.hushedUntil ?? null);
}

/** The end of a quiet that still lasts. */
export const standing = (end: Date | null) => (end && end.getTime() > Date.now() ? end : null);
