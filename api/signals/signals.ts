import type { Core } from '../core.ts';
import { getOwnDevice } from '../devices/ownDevice.ts';
import { AppError } from '../errors.ts';
import { notEncrypted, notInGroup, pendingRemoval } from '../groups/groups.ts';
import { idOf } from '../input.ts';
import { getMembership } from '../rooms/memberships.ts';
import { NoticeWatch } from '../rooms/noticeWatch.ts';
import { mayRing } from '../rooms/ringing.ts';
import { subscribeToRoom } from '../rooms/roomSubscription.ts';
import type { Viewer } from '../users/users.ts';

/** What a device has sealed for the others that are there now: that its person types, or how far they have read. */
export interface Signal {
  roomId: string;
  /** Base64. */
  bytes: string;
  at: string;
}

/** One for all, so that nobody can tell by it what is said. */
const SIZE = 256;
const topic = (roomId: string) => `signals:${roomId}`;

/**
 * Passes a signal of the viewer's device on to the devices that are in the encrypted room now; gives whether it was: of one
 * device at most one every 0.3 s is. At most once, stored nowhere. CONFLICT has a reason: NOT_ENCRYPTED, PENDING_REMOVAL,
 * NOT_IN_GROUP.
 */
export async function sendSignal(core: Core, viewer: Viewer, roomId: string, bytes: Uint8Array): Promise<boolean> {
  const at = new Date().toISOString();
  const id = idOf(roomId, 'Room');
  const deviceId = await speaker(core, viewer, id);
  if (bytes.length !== SIZE) throw new AppError('INVALID_INPUT', `A signal has ${SIZE} bytes: pad it to that.`);
  if (!mayRing(core, `signal ${deviceId} ${id}`)) return false;
  core.bus.ring(topic(id), { roomId: id, bytes: Buffer.from(bytes).toString('base64'), at } satisfies Signal);
  return true;
}

/**
 * The signals of an encrypted room from now on, for the device of a member, its own included. NOT_FOUND for everyone else;
 * FORBIDDEN without a device, CONFLICT where the room is not encrypted.
 */
export async function watchSignals(core: Core, viewer: Viewer, roomId: string): Promise<NoticeWatch<Signal>> {
  await memberDevice(core, viewer, roomId);
  const reader = await subscribeToRoom(core, viewer, roomId, {});
  return new NoticeWatch(core, topic(idOf(roomId, 'Room')), reader, ({ bytes }) => bytes);
}

async function memberDevice(core: Core, viewer: Viewer, roomId: string) {
  const { room } = await getMembership(core, viewer, roomId);
  const device = await getOwnDevice(core, viewer);
  if (room.encryption === 'NONE') throw notEncrypted();
  return device;
}

// As with what stays in the log: nothing is said to a group before those are out of it who must be.
async function speaker(core: Core, viewer: Viewer, roomId: string): Promise<string> {
  const { id } = await memberDevice(core, viewer, roomId);
  const found = await core.db.groupDevice.findMany({
    where: { roomId, OR: [{ deviceId: id }, { removalDue: true }] },
    select: { deviceId: true, removalDue: true },
  });
  const due = found.flatMap(({ deviceId, removalDue }) => (removalDue ? deviceId : []));
  if (due.length > 0) throw pendingRemoval(due);
  if (found.length === 0) throw notInGroup();
  return id;
}
