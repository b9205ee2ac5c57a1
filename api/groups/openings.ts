import type { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Device, Membership, Room } from '../db/model.ts';
import { getOwnDevice } from '../devices/ownDevice.ts';
import { AppError } from '../errors.ts';
import { parse } from '../input.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import { appendTogether } from '../rooms/memberChanges.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { generationClosed, notEncrypted } from './groups.ts';
import { Opening } from './limits.ts';
import { holdDevices, wasAppended } from './steps.ts';

/**
 * Opens the next group of an encrypted room, with the viewer's device in it alone, in place of the one that was there. The
 * first may be opened by any member; another by who manages the room, or either in a direct one. CONFLICT (reason
 * GENERATION_CLOSED) unless the generation is the next. The same id from the same device again changes nothing.
 */
export async function openGroup(core: Core, viewer: Viewer, input: z.input<typeof Opening>): Promise<Room> {
  const opening = parse(Opening, input);
  const { room } = await getMembership(core, viewer, opening.roomId);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  await appendTogether(core, room.id, (db) => open(db, viewer, { ...opening, roomId: room.id }));
  return (await getMembership(core, viewer, room.id)).room;
}

async function open(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  opening: z.output<typeof Opening>,
): Promise<LogEntry[]> {
  const membership = await getMembership({ db }, viewer, opening.roomId);
  const device = await getOwnDevice({ db }, viewer);
  if (await wasAppended(db, { ...opening, kind: 'GROUP_OPENED', deviceId: device.id })) return [];
  checkRight(membership, opening);
  checkSuite(device, opening);
  await holdDevices(db, [device.id]);
  return findEntries(db, [await replaceGroup(db, viewer, membership.room, device, opening)]);
}

function checkRight({ room, role }: Membership & { room: Room }, { generation }: { generation: number }) {
  if (room.encryption === 'NONE') throw notEncrypted();
  if (generation !== room.generation + 1) throw generationClosed(room);
  if (room.generation > 0 && room.kind !== 'DIRECT' && role === 'MEMBER')
    throw new AppError('FORBIDDEN', 'Only owners and moderators of this room can renew its encryption.');
}

function checkSuite({ suites }: Device, { suite }: { suite: number }) {
  if (!suites.includes(suite)) throw new AppError('INVALID_INPUT', 'Your device does not speak this cipher suite.');
}

async function replaceGroup(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  { id: roomId, lastSeq }: Room,
  { id: deviceId }: Device,
  { id, generation, suite, groupInfo }: z.output<typeof Opening>,
): Promise<string> {
  const seq = lastSeq + 1;
  await db.groupDevice.deleteMany({ where: { roomId } });
  await db.groupInfo.deleteMany({ where: { roomId } });
  await db.groupInfo.create({ data: { roomId, bytes: groupInfo } });
  await db.groupDevice.create({ data: { roomId, deviceId, joinedSeq: seq } });
  const place = { generation, groupEpoch: 0 };
  await db.room.update({ where: { id: roomId }, data: { ...place, suite, lastSeq: seq, removalsDue: false } });
  const data = {
    roomId,
    seq,
    id,
    kind: 'GROUP_OPENED' as const,
    encoding: 'MLS' as const,
    actorId: viewer.id,
    deviceId,
  };
  await db.entry.create({ data: { ...data, ...place } });
  return id;
}
