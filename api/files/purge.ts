import type { Core } from '../core.ts';
import { removeFiles } from './files.ts';

const DAY = 86_400_000;
const AT_ONCE = 200;

/** Removes files that were never sent, or whose message is gone: those of a day ago, or of a deletion that was interrupted. */
export async function purgeFiles(core: Core, now = Date.now()): Promise<number> {
  const files = await core.db.file.findMany({
    where: {
      OR: [
        { attachedAt: null, createdAt: { lt: new Date(now - DAY) } },
        { attachedAt: { not: null }, OR: [{ messageId: null }, { message: { deletedAt: { not: null } } }] },
        { room: { deletedAt: { not: null } } },
      ],
    },
    select: { id: true, begun: true },
    take: AT_ONCE,
  });
  await removeFiles(core, files);
  return files.length;
}
