import type { Core } from '../core.ts';
import { discarding, removeFiles } from './files.ts';

const DAY = 86_400_000;
const AT_ONCE = 200;

/** Removes files that were never sent, or whose message is gone: those of a day ago, or of a deletion that was interrupted. */
export async function purgeFiles(core: Core, now = Date.now()): Promise<number> {
  await core.db.file.updateMany({
    where: {
      attachedAt: null,
      OR: [{ createdAt: { lt: new Date(now - DAY) } }, { room: { deletedAt: { not: null } } }],
    },
    data: discarding(new Date(now)),
  });
  const files = await core.db.file.findMany({
    where: {
      attachedAt: { not: null },
      OR: [{ messageId: null }, { message: { deletedAt: { not: null } } }, { room: { deletedAt: { not: null } } }],
    },
    select: { id: true, begun: true },
    take: AT_ONCE,
  });
  await removeFiles(core, files);
  return files.length;
}
