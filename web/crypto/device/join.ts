import { equal } from '../bytes.ts';
import type { GroupState } from '../mls/engine.ts';
import { MlsError } from '../mls/errors.ts';
import { peek } from '../mls/peek.ts';
import { catchUp } from './catchUp.ts';
import { commitExternally } from './commit.ts';
import type { Core } from './core.ts';
import { draftOf, save } from './draft.ts';
import { isReason } from './errors.ts';
import { type KeyPackageRecord, keyPackageKey, keyPackagePrefix } from './keyPackages.ts';
import { groupIdOf, isForeign, linkProof, meetStrangers, plainProof } from './policy.ts';
import type { Group, Welcome } from './ports.ts';
import { entryKey, isIn, isStuck, type Room, type RoomRecord } from './roomState.ts';
import { trailUpTo } from './trail.ts';
import { RoomView } from './view.ts';

const MOST_RESYNCS = 3;
const LOOK_BACK = 2_000;

/** Gets this device into the room's group by the way that is open to it, if one is. */
export async function join(core: Core, room: Room): Promise<boolean> {
  if (isIn(room)) return true;
  if (isStuck(room.record)) return false;
  if (!room.record.problem && (await joinByWelcome(core, room))) return true;
  const group = await core.ports.server.group(room.record.id);
  if (!group || group.generation !== room.record.generation || !mayEnter(core, room, group)) return false;
  // A Welcome may have come between the two answers.
  const isAdded = !room.record.problem && group.deviceIds.includes(core.self.deviceId);
  if (isAdded && (await joinByWelcome(core, room))) return true;
  return enter(core, room, group);
}

/**
 * Gets in by Welcomes, if there are any. The commit of each has its place in the log: what was followed beyond it without
 * keys is followed again with them. Those of earlier groups come first: what was said in these is for this device too.
 */
export async function joinByWelcome(core: Core, room: Room): Promise<boolean> {
  const all = await core.ports.server.welcomes();
  const { id, generation: newest } = room.record;
  const own = all.filter(({ roomId, generation }) => roomId === id && generation <= newest);
  for (const welcome of own.sort((one, other) => one.seq - other.seq)) {
    if (welcome.seq > room.record.cursor) await catchUp(core, room);
    const group = await joined(core, welcome);
    if (group && isRightGroup(room, welcome, group)) await goOnFrom(core, room, welcome, group);
    // It is not needed again: its state is stored, or it opens nothing.
    await core.ports.server.takeWelcomes([welcome.id]);
    await catchUp(core, room);
    if (isIn(room)) return true;
  }
  return false;
}

async function joined(core: Core, { mls }: Welcome): Promise<GroupState | undefined> {
  const secrets = (await core.ports.store.readAll<KeyPackageRecord>(keyPackagePrefix)).map(([, { secret }]) => secret);
  try {
    return await core.engine.join(mls, secrets);
  } catch (error) {
    // Of a key package that is gone, or damaged: there is another way in.
    if (error instanceof MlsError) return undefined;
    throw error;
  }
}

function isRightGroup({ record }: Room, { seq, generation, epoch }: Welcome, group: GroupState): boolean {
  const isOfThisRoom = equal(group.groupId, groupIdOf(record.id, generation)) && group.epoch === BigInt(epoch);
  return isOfThisRoom && seq <= record.cursor && !isForeign(group.members, group, record);
}

async function goOnFrom(core: Core, room: Room, { seq, generation, mls }: Welcome, group: GroupState) {
  const draft = draftOf(core, room);
  const beyond = room.view.all().filter((entry) => entry.seq > seq);
  draft.removes.push(...beyond.map((entry) => entryKey(room.record.id, entry.seq)));
  const { problem, pending, trail, ...record } = draft.record;
  const before = trailUpTo(draft.record, seq);
  Object.assign(draft, {
    group,
    record: { ...record, ...before, cursor: seq, generation, unproven: [] } satisfies RoomRecord,
  });
  draft.record.readableFrom ||= seq;
  draft.record.ownCommitAt = core.ports.clock.now();
  draft.record.enteredAt = Math.min(draft.record.enteredAt || seq, seq);
  meetStrangers(draft.record, group, room.group);
  draft.removes.push(...(await usedUp(core, mls)));
  await save(core, draft);
  room.view.forget(seq);
  // Another view: who has seen what lies beyond the place as closed looks again.
  room.view = new RoomView(room.view.all());
  core.tell(room.record.id);
}

/** Who has a key package's secret could enter the group at this place again: it is gone once the group is kept. */
async function usedUp({ ports }: Core, mls: Uint8Array): Promise<string[]> {
  const glimpse = peek(mls);
  const keys = glimpse.kind === 'welcome' ? glimpse.keyPackageRefs.map(keyPackageKey) : [];
  const records = await Promise.all(keys.map((key) => ports.store.read<KeyPackageRecord>(key)));
  return keys.filter((_, at) => records[at] && !records[at].isLastResort);
}

/** By an external commit: as a device of an account that is in, as a party of a direct room, or by a link. */
function mayEnter(core: Core, { record }: Room, { groupInfo }: Group): boolean {
  if (record.resyncs >= MOST_RESYNCS && record.problem) return false;
  if (record.kind === 'DIRECT' || record.link) return true;
  const { accountId, accountKey } = core.self;
  const { members } = glimpse(groupInfo);
  return members.some((one) => one.credential.accountId === accountId && equal(one.credential.accountKey, accountKey));
}

function glimpse(groupInfo: Uint8Array) {
  try {
    const seen = peek(groupInfo);
    return seen.kind === 'groupInfo' ? seen : { members: [] };
  } catch (error) {
    if (error instanceof MlsError) return { members: [] };
    throw error;
  }
}

async function enter(core: Core, room: Room, group: Group): Promise<boolean> {
  const { record } = room;
  const proof = record.link ? await proofOf(core, record, group) : plainProof();
  try {
    await commitExternally(core, room, group, proof, []);
  } catch (error) {
    if (error instanceof MlsError || isReason(error, 'GROUP_FULL')) return false;
    throw error;
  }
  return isIn(room);
}

function proofOf(core: Core, record: RoomRecord, { generation, epoch }: Group) {
  const { id, secret } = record.link as NonNullable<RoomRecord['link']>;
  const { signatureKey } = core.self;
  return linkProof(id, secret, { groupId: groupIdOf(record.id, generation), epoch, signatureKey });
}

/** Where somebody who comes into a long room begins to look: what is before is fetched when there are keys of it. */
export const beginning = (lastSeq: number) => Math.max(0, lastSeq - LOOK_BACK);
