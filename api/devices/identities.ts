import type { Core } from '../core.ts';
import type { Device, User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { idOf } from '../input.ts';
import type { Viewer } from '../users/users.ts';

const MOST = 250;

export type Identity = User & { devices: Device[] };

/** Of these people, at most 250, what the server knows of their keys. Who is not found is left out. */
export function listIdentities({ db }: Core, _viewer: Viewer, userIds: string[]): Promise<Identity[]> {
  if (userIds.length > MOST) throw new AppError('INVALID_INPUT', `Ask for at most ${MOST} people at once.`);
  return db.user.findMany({
    where: { id: { in: userIds.map((id) => idOf(id, 'Person')) } },
    include: { devices: { where: { revokedAt: null }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] } },
  });
}
