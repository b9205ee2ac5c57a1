import { Prisma } from '../db/db.ts';
import type { EntryKind } from '../db/model.ts';
import { otherUse } from './groups.ts';

/** What a device appends to the log of a room under an id of its own. */
interface Step {
  roomId: string;
  id: string;
  kind: EntryKind;
  deviceId: string;
}

/** Whether the same device has appended the same before. CONFLICT for any other use of the id. Under the lock of the room. */
export async function wasAppended(
  db: Prisma.TransactionClient,
  { roomId, id, kind, deviceId }: Step,
): Promise<boolean> {
  const entry = await db.entry.findUnique({ where: { id } });
  if (!entry) return false;
  if (entry.roomId === roomId && entry.kind === kind && entry.deviceId === deviceId) return true;
  throw otherUse();
}

/**
 * Holds devices, so that none of them is revoked before the transaction ends: the ids of those that are in use, with whose
 * they are.
 */
export function holdDevices(db: Prisma.TransactionClient, ids: string[]): Promise<{ id: string; userId: string }[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return db.$queryRaw(Prisma.sql`
    SELECT id, user_id AS "userId" FROM device WHERE id = ANY(${ids}::uuid[]) AND revoked_at IS NULL ORDER BY id FOR SHARE`);
}
