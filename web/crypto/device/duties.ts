import { equal } from '../bytes.ts';
import { shareHistory } from '../history/history.ts';
import { decodeDeviceCredential } from '../identity/credential.ts';
import type { GroupState } from '../mls/engine.ts';
import { MlsError } from '../mls/errors.ts';
import { commit } from './commit.ts';
import type { Core } from './core.ts';
import { newId } from './ids.ts';
import type { MemberFacts } from './ports.ts';
import { leavers, makeReady } from './ready.ts';
import { isIn, type Room } from './roomState.ts';
import { send } from './send.ts';
import type { KeptKey } from './sent.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const MOST_SHARED = 5_000;
const MOST_ADDS = 50;
const LOOKED_EVERY = 30_000;

/** Whether this device has something to do in a room besides what its person asks for, by what it knows without asking. */
export function hasDuties(core: Core, room: Room): boolean {
  const { record } = room;
  if (!isIn(room)) return !record.problem || record.problem !== 'intruder';
  return (
    !!record.pending ||
    leavers(room).length > 0 ||
    record.owes.card ||
    record.owes.history.length > 0 ||
    lacksInvited(core, room) ||
    isOld(core, room)
  );
}

/**
 * What any device of a room does for it: takes leaves out that have no business there, lets devices of members in,
 * tells who came what the room is called and what may be read, and renews its own keys once a day.
 */
export async function doDuties(core: Core, room: Room) {
  if (!room.record.generation && room.record.kind !== 'DIRECT') return;
  await makeReady(core, room);
  await removeRevoked(core, room);
  await addMissing(core, room);
  await shareCard(core, room);
  await shareKeys(core, room);
  if (isOld(core, room)) await commit(core, room, {});
}

const isOld = (core: Core, { record }: Room) => {
  const now = core.ports.clock.now();
  return record.ownCommitAt > 0 && now - record.ownCommitAt > DAY && now - record.lastCommitAt > MINUTE;
};

/** Somebody who was asked in has no device in the tree: perhaps they have one by now. */
function lacksInvited({ ports }: Core, { record, group, lookedAt = 0 }: Room): boolean {
  if (ports.clock.now() - lookedAt < LOOKED_EVERY) return false;
  const inTree = new Set(group?.members.map(({ credential }) => credential.accountId));
  return record.invited.some((id) => record.roles[id] && !inTree.has(id));
}

async function removeRevoked(core: Core, room: Room) {
  const group = await core.ports.server.group(room.record.id);
  if (!group || !isIn(room) || BigInt(group.epoch) !== room.group?.epoch) return;
  const removes = devicesIn(room).filter((id) => group.pendingRemovalIds.includes(id) && id !== core.self.deviceId);
  if (removes.length) await commit(core, room, { removes });
}

/** Devices of members that are not in the tree, of people whom this device has reason to let in. */
async function addMissing(core: Core, room: Room) {
  if (!isIn(room)) return;
  room.lookedAt = core.ports.clock.now();
  const members = await core.ports.server.members(room.record.id);
  for (const { user } of members) core.people.set(user.id, user);
  const missing = members.filter((member) => mayLetIn(core, room, member)).flatMap((member) => missingOf(room, member));
  const wanted = missing.slice(0, MOST_ADDS);
  if (!wanted.length) return;
  const adds = await claimed(core, room, wanted);
  if (adds.length) await commit(core, room, { adds });
}

/** The server names members; that it may not name ghosts, somebody here must have asked them in. */
function mayLetIn(core: Core, { record, group }: Room, { user }: MemberFacts): boolean {
  if (record.left.includes(user.id) || core.pins.trustOf(user.id) === 'changed') return false;
  if (record.kind === 'DIRECT' || user.id === core.self.accountId || record.invited.includes(user.id)) return true;
  return !!group?.members.some(({ credential }) => credential.accountId === user.id);
}

function missingOf(room: Room, { user, devices }: MemberFacts) {
  const inTree = devicesIn(room);
  return devices
    .filter(({ id, revoked }) => !revoked && !inTree.includes(id))
    .map(({ id, credential }) => ({
      deviceId: id,
      accountId: user.id,
      credential: decodeDeviceCredential(credential),
    }));
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
    await core.pins.see(accountId, accountKey);
    const pinned = core.pins.keyOf(accountId);
    if (pinned && equal(pinned, accountKey)) adds.push({ deviceId, accountId, keyPackage });
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

async function shareCard(core: Core, room: Room) {
  const { card, owes } = room.record;
  if (!owes.card) return;
  if (card) await send(core, room, { id: newId(core), content: card });
  room.record = { ...room.record, owes: { ...room.record.owes, card: false } };
}

/** Where new members may read what was said before, whoever let them in gives them the keys. */
async function shareKeys(core: Core, room: Room) {
  const { id, kind, card, owes } = room.record;
  const mayRead = kind === 'DIRECT' || card?.history === 'all';
  for (const deviceId of owes.history) {
    if (mayRead && devicesIn(room).includes(deviceId)) await shareWith(core, room, deviceId);
  }
  const kept = room.record.owes.history.filter((deviceId) => !owes.history.includes(deviceId));
  room.record = { ...room.record, id, owes: { ...room.record.owes, history: kept } };
}

async function shareWith(core: Core, room: Room, deviceId: string) {
  const keys = (await core.ports.store.readAll<KeptKey>(`key/${room.record.id}/`)).map(([, key]) => key);
  for (const content of shareHistory(deviceId, keys.slice(-MOST_SHARED))) {
    await send(core, room, { id: newId(core), content });
  }
}

const devicesIn = ({ group }: { group: GroupState | undefined }) =>
  group?.members.map(({ credential }) => credential.deviceId) ?? [];
