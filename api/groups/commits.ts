import type { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Device, Room } from '../db/model.ts';
import { getOwnDevice } from '../devices/ownDevice.ts';
import { AppError } from '../errors.ts';
import { parse } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import { appendTogether } from '../rooms/memberChanges.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { checkEpoch, groupFull, notInGroup, pendingRemoval } from './groups.ts';
import { Commit, MOST_DEVICES } from './limits.ts';
import { holdDevices, wasAppended } from './steps.ts';
import { leaveWelcomes } from './welcomes.ts';

/**
 * Ends an epoch of the group of a room. Of many commits in one epoch the first is taken; CONFLICT with the reason EPOCH_STALE
 * or GENERATION_CLOSED for the others. Who is not in the group can only let themselves in (external). Every other commit must
 * remove the devices that are due (PENDING_REMOVAL), and may add devices in use of members, and remove none but those that
 * are due, the viewer's own, and what the server does not know of. The same id from the same device changes nothing.
 */
export async function commitGroup(core: Core, viewer: Viewer, input: z.input<typeof Commit>): Promise<Room> {
  const commit = parse(Commit, input);
  const { room } = await getMembership(core, viewer, commit.roomId);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await appendTogether(core, room.id, (db) => append(db, viewer, { ...commit, roomId: room.id }));
  return (await getMembership(core, viewer, room.id)).room;
}

async function append(db: Prisma.TransactionClient, viewer: Viewer, given: Commit): Promise<LogEntry[]> {
  const { room } = await getMembership({ db }, viewer, given.roomId);
  const device = await getOwnDevice({ db }, viewer);
  if (await wasAppended(db, { ...given, kind: 'COMMIT', deviceId: device.id })) return [];
  checkEpoch(room, given);
  const group = await readGroup(db, room.id);
  const commit = given.external ? external(given, device) : given;
  if (!given.external) await checkMember(db, viewer, group, device, commit);
  await checkAdds(db, room, group, commit);
  const seq = await store(db, viewer, room, device, commit);
  await leaveWelcomes(db, { ...commit, seq, epoch: commit.epoch + 1 });
  return findEntries(db, [commit.id]);
}

/** The devices of the group by id, each with whether its removal is due. */
type Group = Map<string, boolean>;

async function readGroup(db: Prisma.TransactionClient, roomId: string): Promise<Group> {
  const devices = await db.groupDevice.findMany({ where: { roomId } });
  return new Map(devices.map(({ deviceId, removalDue }) => [deviceId, removalDue]));
}

// By RFC 9420 §12.4.3.2 it adds its own leaf, and may remove an older one of its own.
function external(commit: Commit, { id }: Device): Commit {
  const others = [...commit.adds, ...commit.removes].filter((deviceId) => deviceId !== id);
  if (others.length > 0 || commit.welcomes.length > 0)
    throw new AppError('INVALID_INPUT', 'An external commit adds, and removes, nobody but the device that makes it.');
  return { ...commit, adds: [id] };
}

async function checkMember(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  group: Group,
  device: Device,
  { removes }: Commit,
): Promise<void> {
  if (!group.has(device.id)) throw notInGroup();
  const due = [...group].flatMap(([id, isDue]) => (isDue ? id : []));
  if (!due.every((id) => removes.includes(id))) throw pendingRemoval(due);
  const others = removes.filter((id) => group.get(id) === false);
  const foreign = await db.device.count({ where: { id: { in: others }, userId: { not: viewer.id } } });
  if (foreign > 0) throw new AppError('FORBIDDEN', 'These devices belong to members. Remove the member first.');
}

// Both people of a direct room are in its group, also while one has put it away.
async function checkAdds(db: Prisma.TransactionClient, room: Room, group: Group, { adds, removes }: Commit) {
  const members = room.kind === 'DIRECT' ? { roomId: room.id } : { roomId: room.id, leftSeq: null };
  const held = await holdDevices(db, adds);
  const people = [...new Set(held.map(({ userId }) => userId))];
  const present = await db.membership.count({ where: { ...members, userId: { in: people } } });
  if (held.length !== adds.length || present !== people.length)
    throw new AppError('INVALID_INPUT', 'Only devices in use of members can be added.');
  const size = new Set([...[...group.keys()].filter((id) => !removes.includes(id)), ...adds]).size;
  if (size > MOST_DEVICES) throw groupFull(MOST_DEVICES);
}

async function store(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  { id: roomId, lastSeq }: Room,
  { id: deviceId }: Device,
  { id, generation, epoch, commit, groupInfo, external, adds, removes }: Commit,
): Promise<number> {
  const seq = lastSeq + 1;
  await db.groupDevice.deleteMany({ where: { roomId, deviceId: { in: [...removes, ...adds] } } });
  await db.groupDevice.createMany({ data: adds.map((added) => ({ roomId, deviceId: added, joinedSeq: seq })) });
  const renewed = { deviceId: { in: [...removes, ...adds] }, welcome: { generation } };
  await db.welcomeDevice.deleteMany({ where: { roomId, ...renewed } });
  await db.groupInfo.update({ where: { roomId }, data: { bytes: groupInfo } });
  const removalsDue = (await db.groupDevice.count({ where: { roomId, removalDue: true } })) > 0;
  await db.room.update({ where: { id: roomId }, data: { lastSeq: seq, groupEpoch: epoch + 1, removalsDue } });
  const place = { roomId, seq, generation, groupEpoch: epoch, encoding: 'MLS' as const };
  const detail = { external, adds, removes };
  await db.entry.create({ data: { ...place, id, kind: 'COMMIT', actorId: viewer.id, deviceId, detail, mls: commit } });
  return seq;
}
