import { confirm, type Proof } from '../auth/confirmations.ts';
import { revokePersonalTokens } from '../auth/personalTokens.ts';
import { revokeSessions, tellEnded } from '../auth/sessions.ts';
import type { Core } from '../core.ts';
import type { User } from '../db/model.ts';
import { revokeEveryDevice } from '../devices/revoking.ts';
import { eraseMessages } from '../messages/erasing.ts';
import { tellPerson } from '../realtime/people.ts';
import { liftBlocks } from '../rooms/direct.ts';
import { leaveEveryRoom } from '../rooms/leaving.ts';
import { holdAdmins } from '../users/admins.ts';
import type { Viewer } from '../users/users.ts';

const PASSES = 100;
const AT_ONCE = 5_000;

/**
 * Deletes the viewer's account, once they have confirmed it: sessions and tokens end, rooms are left as if one by one, and no row is left that names the
 * person. Messages stay without an author, or are deleted; gives how many were. FORBIDDEN for the only administrator.
 * Each step may be done again: when the server dies in the middle, signing in and asking again finishes it.
 */
export async function deleteAccount(core: Core, viewer: Viewer, proof: Proof, erase: boolean): Promise<number> {
  return removeAccount(core, await confirm(core, viewer, 'DELETE_ACCOUNT', proof), erase);
}

/** Deletes that account, as `deleteAccount` says. The caller has the right to. */
export async function removeAccount(core: Core, { id }: User, erase: boolean): Promise<number> {
  const viewer = { id, sessionId: '' };
  await stepDown(core, viewer);
  const tokens = await revokePersonalTokens(core.db, { userId: viewer.id });
  tellEnded(core, [...tokens, ...(await revokeSessions(core.db, { userId: viewer.id }))]);
  await revokeEveryDevice(core, viewer.id);
  let erased = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    if (erase) erased += await eraseMessages(core, viewer);
    await liftBlocks(core, viewer);
    await leaveEveryRoom(core, viewer);
    await forget(core, viewer);
    if (await remove(core, viewer)) break;
    await stepDown(core, viewer);
  }
  tellPerson(core.bus, { id: viewer.id, person: null });
  return erased;
}

// Of two administrators who go at once, one stays.
async function stepDown(core: Core, viewer: Viewer): Promise<void> {
  const user = await core.db.user.findUnique({ where: { id: viewer.id, isAdmin: true } });
  if (!user) return;
  await core.db.$transaction(async (db) => {
    await holdAdmins(db, viewer.id, true);
    await db.user.updateMany({ where: { id: viewer.id }, data: { isAdmin: false } });
  });
}

// In small parts, and before the account goes: whoever writes meanwhile waits for none of it.
async function forget({ db }: Core, { id }: Viewer): Promise<void> {
  await db.room.updateMany({ where: { createdById: id }, data: { createdById: null } });
  for (let count = AT_ONCE; count === AT_ONCE; ) {
    count = await db.$executeRaw`
      UPDATE entry SET actor_id = NULL WHERE (room_id, seq) IN (
        SELECT room_id, seq FROM entry WHERE actor_id = ${id}::uuid
        ORDER BY room_id, seq LIMIT ${AT_ONCE} FOR NO KEY UPDATE)`;
  }
  for (let count = AT_ONCE; count === AT_ONCE; ) {
    count = await db.$executeRaw`
      UPDATE entry SET device_id = NULL WHERE (room_id, seq) IN (
        SELECT room_id, seq FROM entry WHERE device_id IN (SELECT id FROM device WHERE user_id = ${id}::uuid)
        ORDER BY room_id, seq LIMIT ${AT_ONCE} FOR NO KEY UPDATE)`;
  }
  await db.$executeRaw`
    UPDATE entry SET subject_id = NULL WHERE (room_id, seq) IN (
      SELECT room_id, seq FROM entry WHERE subject_id = ${id}::uuid ORDER BY room_id, seq FOR NO KEY UPDATE)`;
}

// False when something was done in their name meanwhile, or they were made an administrator: under this lock nothing
// more can be.
async function remove(core: Core, { id }: Viewer): Promise<boolean> {
  return core.db.$transaction(async (db) => {
    const [user] = await db.$queryRaw<{ isAdmin: boolean }[]>`
      SELECT is_admin AS "isAdmin" FROM "user" WHERE id = ${id}::uuid FOR UPDATE`;
    if (user?.isAdmin) return false;
    const member = await db.membership.count({ where: { userId: id, leftSeq: null } });
    const named = await db.entry.count({ where: { OR: [{ actorId: id }, { subjectId: id }] } });
    const made = await db.room.count({ where: { createdById: id } });
    if (member + named + made > 0) return false;
    await db.user.deleteMany({ where: { id } });
    return true;
  });
}
