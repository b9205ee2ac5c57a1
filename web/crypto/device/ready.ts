import type { GroupState } from '../mls/engine.ts';
import { catchUp } from './catchUp.ts';
import { commit, openGroup, settlePending } from './commit.ts';
import type { Core } from './core.ts';
import { DeviceError, isReason, type ServerError } from './errors.ts';
import { join } from './join.ts';
import { letIn } from './letIn.ts';
import { accountsIn, devicesIn, isIn, isStuck, type Room } from './roomState.ts';

const MOST_TRIES = 12;

/**
 * Brings a room to where it can be written to: in the group, nobody in the tree who has left, nobody whose key has
 * changed. Makes the group where there is none. Throws a `DeviceError` when this device alone cannot.
 */
export async function makeReady(core: Core, room: Room) {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    await settlePending(core, room);
    if (isStuck(room.record)) throw broken();
    if (!room.record.generation && !(await openNext(core, room))) continue;
    if (!isIn(room) && !(await join(core, room))) throw notIn(room);
    // The server takes nothing else before: neither those who are to come in.
    const gone = leavers(room);
    if (gone.length && !(await commit(core, room, { removes: gone }))) continue;
    if (room.record.owes.members && !(await letInFirst(core, room))) continue;
    if (leavers(room).length) continue;
    await core.pins.seeAll(room.group as GroupState);
    return;
  }
  throw broken();
}

/** Begins the room's next group. In it are to be those whom this device has in its own, and who was asked in. */
export async function openNext(core: Core, room: Room): Promise<boolean> {
  const members = (await core.ports.server.members(room.record.id)).map(({ user }) => user.id);
  askIn(
    room,
    accountsIn(room).filter((id) => members.includes(id)),
  );
  return openGroup(core, room);
}

/** Whoever the server says is in the room is to be let in: this device's person says so, and sees who that is. */
export async function askEverybodyIn(core: Core, room: Room) {
  const members = await core.ports.server.members(room.record.id);
  askIn(
    room,
    members.map(({ user }) => user.id),
  );
}

function askIn(room: Room, ids: string[]) {
  room.record = { ...room.record, invited: [...new Set([...room.record.invited, ...ids])] };
}

/** Nothing is said in a new group before all are in it: they could not read it. */
async function letInFirst(core: Core, room: Room): Promise<boolean> {
  if (!(await letIn(core, room))) return false;
  room.record = { ...room.record, owes: { ...room.record.owes, members: false } };
  return true;
}

/** Devices that have no business in the tree. In a direct room nobody goes, whatever they block. */
export function leavers({ group, record }: Room): string[] {
  const hasGone = ({ accountId, deviceId }: { accountId: string; deviceId: string }) =>
    record.revoked.includes(deviceId) || (record.kind !== 'DIRECT' && record.left.includes(accountId));
  return group?.members.flatMap(({ credential }) => (hasGone(credential) ? [credential.deviceId] : [])) ?? [];
}

/** What the server says has to be done first is done. Whether to try again. */
export async function madeWay(core: Core, room: Room, error: unknown): Promise<boolean> {
  if (!isReason(error, 'EPOCH_STALE', 'GENERATION_CLOSED', 'PENDING_REMOVAL', 'NOT_IN_GROUP')) return false;
  await catchUp(core, room);
  // By the server's list this device is out, by its own state it is in: it enters anew.
  if (error.reason === 'NOT_IN_GROUP' && isIn(room)) room.record = { ...room.record, problem: 'unverified' };
  if (error.reason !== 'PENDING_REMOVAL' || !isIn(room)) return true;
  await removePending(core, room, error);
  return true;
}

async function removePending(core: Core, room: Room, { details }: ServerError) {
  const ids = (details.deviceIds as string[] | undefined) ?? [];
  const own = core.self.deviceId;
  const due = ids.filter((id) => devicesIn(room).includes(id) && id !== own);
  const removes = [...new Set([...due, ...leavers(room)])];
  if (removes.length) await commit(core, room, { removes });
}

/** Throws when somebody is in the room whom this device's person has to look at first. */
export function refuseChanged(core: Core, room: Room) {
  const userIds = blockersOf(core, room);
  if (!userIds.length) return;
  const names = userIds.map((id) => core.people.get(id)?.displayName ?? 'somebody').join(', ');
  const isChanged = userIds.some((id) => core.pins.trustOf(id) === 'changed');
  const sentence = isChanged
    ? `The security key of ${names} has changed. Compare it with them, then accept it: nothing is sent before.`
    : `${names} came with the new encryption of this room, and was not here before. Nothing is sent until you accept them.`;
  throw new DeviceError('IDENTITY_CHANGED', sentence, { userIds });
}

/** People of the group with another key than the one that is trusted, and those who came with a new group. */
export function blockersOf({ pins }: Core, { group, record }: Room): string[] {
  if (!group) return [];
  const present = accountsIn({ group });
  const strangers = record.strangers?.filter((id) => present.includes(id)) ?? [];
  return [...new Set([...pins.changedIn(group), ...strangers])];
}

const broken = () =>
  new DeviceError('BROKEN', 'The encryption of this room is broken. Renew it, or ask an owner or moderator to do so.');

function notIn({ record }: Room) {
  if (record.problem) return broken();
  return new DeviceError('WAITING', 'Somebody of this room has to come online once, to let this browser in.');
}
