import type { Bytes } from '../bytes.ts';
import type { Change, GroupState, PendingCommit } from '../mls/engine.ts';
import { catchUp } from './catchUp.ts';
import type { Core } from './core.ts';
import { isPassing, isReason, ServerError } from './errors.ts';
import { newId } from './ids.ts';
import { groupIdOf, isForeign, plainProof } from './policy.ts';
import { type Pending, type Room, type RoomRecord, roomKey } from './roomState.ts';

const SUITE = 1;

/** What a commit does, besides renewing this device's keys. Devices by their ids. */
export interface Wanted {
  adds?: { deviceId: string; accountId: string; keyPackage: Bytes }[];
  removes?: string[];
}

/**
 * Changes the group. What is to be true then is kept before the server is asked, and becomes true when the log has it.
 * Whether it did: after another's commit came first, the caller looks anew at what is still wanted.
 */
export async function commit(core: Core, room: Room, { adds = [], removes = [] }: Wanted): Promise<boolean> {
  const group = room.group as GroupState;
  const change: Change = {
    adds: adds.map(({ keyPackage }) => keyPackage),
    removes: leavesOf(group, removes),
    authenticatedData: plainProof(),
  };
  const made = await core.engine.commit(group, change);
  const joiners = adds.map(({ deviceId, accountId }) => ({ deviceId, accountId }));
  return propose(core, room, pendingCommit(core, room, made, { external: false, adds: joiners, removes }));
}

/** Enters the group by an external commit, or enters it anew in the place of this device's old leaf. */
export async function commitExternally(
  core: Core,
  room: Room,
  base: { groupInfo: Bytes; epoch: number; generation: number },
  proof: Bytes,
  removes: string[],
): Promise<boolean> {
  const made = await core.engine.joinExternal(base.groupInfo, proof);
  if (isForeign(made.next.members, made.next, room.record)) return refuseForeign(core, room);
  const pending = pendingCommit(core, room, made, { external: true, adds: [], removes });
  return propose(core, room, { ...pending, generation: base.generation, epoch: base.epoch });
}

/** Makes the room's next group, of this device alone. Whether it became the room's group. */
export async function openGroup(core: Core, room: Room): Promise<boolean> {
  const generation = room.record.generation + 1;
  const { state, groupInfo } = await core.engine.createGroup(groupIdOf(room.record.id, generation));
  const next = core.engine.save(state);
  return propose(core, room, { what: 'open', id: newId(core), generation, next, groupInfo });
}

/** Brings a commit to the server of which it is not known whether it has arrived, and looks into the log. */
export async function settlePending(core: Core, room: Room): Promise<boolean> {
  const { pending } = room.record;
  if (!pending) return true;
  try {
    await (pending.what === 'open' ? sendOpening(core, room, pending) : sendCommit(core, room, pending));
  } catch (error) {
    if (isPassing(error) || !(error instanceof ServerError)) throw error;
    return refused(core, room, pending, error);
  }
  await catchUp(core, room);
  if (room.record.pending?.id === pending.id) throw new ServerError('NETWORK', 'The log does not have what was sent.');
  return true;
}

/** Somebody else is in the group of a direct room: this device does not join them. */
async function refuseForeign(core: Core, room: Room): Promise<false> {
  const record: RoomRecord = { ...room.record, problem: 'intruder' };
  await core.ports.store.write([[roomKey(record.id), record]]);
  room.record = record;
  return false;
}

async function propose(core: Core, room: Room, pending: Pending): Promise<boolean> {
  const record = { ...room.record, pending };
  await core.ports.store.write([[roomKey(record.id), record]]);
  room.record = record;
  return settlePending(core, room);
}

/** The log decides whether it came first; if it did not, it is as if it had never been. */
async function refused(core: Core, room: Room, pending: Pending, error: ServerError): Promise<boolean> {
  await catchUp(core, room);
  if (room.record.pending?.id !== pending.id) return false;
  const { pending: _, ...record } = room.record;
  await core.ports.store.write([[roomKey(record.id), record]]);
  room.record = record;
  if (!isReason(error, 'EPOCH_STALE', 'GENERATION_CLOSED', 'PENDING_REMOVAL')) throw error;
  return false;
}

function pendingCommit(
  core: Core,
  room: Room,
  made: PendingCommit,
  { external, adds, removes }: Pick<Extract<Pending, { what: 'commit' }>, 'external' | 'adds' | 'removes'>,
): Extract<Pending, { what: 'commit' }> {
  return {
    what: 'commit',
    id: newId(core),
    generation: room.record.generation,
    epoch: Number(made.next.epoch) - 1,
    next: core.engine.save(made.next),
    commit: made.commit,
    groupInfo: made.groupInfo,
    external,
    adds,
    removes,
    ...(made.welcome && { welcome: made.welcome }),
  };
}

function sendOpening(core: Core, { record }: Room, { id, generation, groupInfo }: Pending) {
  return core.ports.server.openGroup({ roomId: record.id, generation, id, suite: SUITE, groupInfo });
}

function sendCommit(core: Core, { record }: Room, pending: Extract<Pending, { what: 'commit' }>) {
  const { id, generation, epoch, commit: bytes, groupInfo, external, adds, removes, welcome } = pending;
  const deviceIds = adds.map(({ deviceId }) => deviceId);
  const welcomes = welcome ? [{ deviceIds, mls: welcome }] : [];
  const input = { roomId: record.id, generation, epoch, id, commit: bytes, groupInfo, external };
  return core.ports.server.commitGroup({ ...input, adds: deviceIds, removes, welcomes });
}

const leavesOf = ({ members }: GroupState, deviceIds: string[]) =>
  members.filter(({ credential }) => deviceIds.includes(credential.deviceId)).map(({ leaf }) => leaf);
