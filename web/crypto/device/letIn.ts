import { equal } from '../bytes.ts';
import { MlsError } from '../mls/errors.ts';
import { toBase64 } from '../primitives.ts';
import { commit } from './commit.ts';
import type { Core } from './core.ts';
import type { MemberFacts } from './ports.ts';
import { accountsIn, devicesIn, isIn, type Room } from './roomState.ts';

const MOST_ADDS = 50;

/**
 * Adds devices of members that are not in the tree, of people whom this device has reason to let in. False when another's
 * commit came first, or this device is not in itself.
 */
export async function letIn(core: Core, room: Room): Promise<boolean> {
  if (!isIn(room)) return false;
  room.lookedAt = core.ports.clock.now();
  const members = await core.ports.server.members(room.record.id);
  for (const { user } of members) core.people.set(user.id, user);
  const missing = members.filter((member) => mayLetIn(core, room, member)).flatMap((member) => missingOf(room, member));
  const wanted = missing.slice(0, MOST_ADDS);
  if (!wanted.length) return true;
  const adds = await claimed(core, room, wanted);
  return !adds.length || commit(core, room, { adds });
}

/** The server names members; that it may not name ghosts, somebody here must have asked them in. */
function mayLetIn(core: Core, { record, group }: Room, { user }: MemberFacts): boolean {
  if (record.left.includes(user.id) || core.pins.trustOf(user.id) === 'changed') return false;
  if (user.id === core.self.accountId) return true;
  if (record.kind === 'DIRECT') return user.id === record.partner;
  return record.invited.includes(user.id) || accountsIn({ group }).includes(user.id);
}

function missingOf(room: Room, { user, devices }: MemberFacts) {
  const inTree = devicesIn(room);
  return devices
    .filter(({ id, revoked }) => !revoked && !inTree.includes(id))
    .map(({ id }) => ({ deviceId: id, accountId: user.id }));
}

/** Key packages of just the devices that were asked for, with the account's key that is trusted here. */
async function claimed(core: Core, room: Room, wanted: ReturnType<typeof missingOf>) {
  const claims = await core.ports.server.claimKeyPackages(
    room.record.id,
    wanted.map(({ deviceId }) => deviceId),
  );
  const adds = [];
  for (const { deviceId, keyPackage } of claims) {
    const asked = wanted.find((one) => one.deviceId === deviceId);
    const newcomer = await verified(core, keyPackage);
    if (!asked || newcomer?.credential.deviceId !== deviceId || newcomer.credential.accountId !== asked.accountId)
      continue;
    const { accountId, accountKey } = newcomer.credential;
    const said = room.record.invitedKeys?.[accountId];
    const isOther = said && said !== toBase64(accountKey);
    // Where this device has met them it is seen that their key has changed: their person is asked.
    if (!isOther || core.pins.keyOf(accountId)) await core.pins.see(accountId, accountKey);
    const pinned = core.pins.keyOf(accountId);
    if (!isOther && pinned && equal(pinned, accountKey)) adds.push({ deviceId, accountId, keyPackage });
  }
  return adds;
}

async function verified(core: Core, keyPackage: Uint8Array) {
  try {
    return await core.engine.verifyKeyPackage(keyPackage);
  } catch (error) {
    if (error instanceof MlsError) return undefined;
    throw error;
  }
}
