import { shareHistory } from '../history/history.ts';
import { commit } from './commit.ts';
import type { Core } from './core.ts';
import { newId } from './ids.ts';
import { letIn } from './letIn.ts';
import { leavers, makeReady } from './ready.ts';
import { accountsIn, devicesIn, isIn, isStuck, type Room } from './roomState.ts';
import { send } from './send.ts';
import type { KeptKey } from './sent.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const MOST_SHARED = 5_000;
const LOOKED_EVERY = 30_000;

/** Whether this device has something to do in a room besides what its person asks for, by what it knows without asking. */
export function hasDuties(core: Core, room: Room): boolean {
  const { record } = room;
  if (!isIn(room)) return !isStuck(record);
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
  await letIn(core, room);
  await shareCard(core, room);
  await shareKeys(core, room);
  if (isOld(core, room)) await commit(core, room, {});
}

const isOld = (core: Core, { record }: Room) => {
  const now = core.ports.clock.now();
  return now - record.ownCommitAt > DAY && now - record.lastCommitAt > MINUTE;
};

/** Somebody who was asked in has no device in the tree: perhaps they have one by now. */
function lacksInvited({ ports }: Core, { record, group, lookedAt = 0 }: Room): boolean {
  if (ports.clock.now() - lookedAt < LOOKED_EVERY) return false;
  const inTree = accountsIn({ group });
  return record.invited.some((id) => record.roles[id] && !inTree.includes(id));
}

async function removeRevoked(core: Core, room: Room) {
  const group = await core.ports.server.group(room.record.id);
  if (!group || !isIn(room) || BigInt(group.epoch) !== room.group?.epoch) return;
  const removes = devicesIn(room).filter((id) => group.pendingRemovalIds.includes(id) && id !== core.self.deviceId);
  if (removes.length) await commit(core, room, { removes });
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
