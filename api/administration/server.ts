import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { Instance } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { line, parse } from '../input.ts';
import { requireAdmin } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';

const Changes = z.object({
  name: line(60).nullish(),
  runBy: line(60).or(z.literal('')).nullish(),
  registration: z.enum(['OPEN', 'INVITE', 'CLOSED']).nullish(),
});

/**
 * Changes what the server is called, who is said to run it (empty: nobody) and who may register; what is left out stays.
 * CONFLICT when the configuration decides who may register. Administrators only.
 */
export async function updateServer(core: Core, viewer: Viewer, input: z.input<typeof Changes>): Promise<Instance> {
  await requireAdmin(core, viewer);
  const { name, runBy, registration } = parse(Changes, input);
  if (registration && core.config.registration) throw decidedElsewhere();
  return core.db.$transaction(async (db) => {
    for (const detail of [name, runBy, registration]) {
      if (detail) await audit(db, { action: 'SERVER_CHANGED', actorId: viewer.id, detail });
    }
    const data = {
      name: name ?? undefined,
      runBy: runBy === '' ? null : (runBy ?? undefined),
      registration: registration ?? undefined,
    };
    return db.instance.update({ where: { only: true }, data });
  });
}

const decidedElsewhere = () =>
  new AppError('CONFLICT', 'REGISTRATION in the configuration decides who may register. Remove it there first.');
