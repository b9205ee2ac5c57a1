import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Device, Room } from '../db/model.ts';
import { AppError } from '../errors.ts';

/** The MLS group of an encrypted room (RFC 9420), as the server keeps it. */
export interface Group {
  room: Room;
  groupInfo: Uint8Array;
  devices: Device[];
  pendingRemovals: Device[];
  pendingRemovalIds: string[];
}

/** The group of a room that was found through a membership; null while there is none. One moment, in one transaction. */
export async function groupOf(core: Core, { id }: Room): Promise<Group | null> {
  const read = async (db: Prisma.TransactionClient) => {
    const room = await db.room.findUnique({ where: { id }, include: { groupInfo: true, groupDevices: true } });
    if (!room?.groupInfo) return null;
    const ids = room.groupDevices.map(({ deviceId }) => deviceId);
    const devices = await db.device.findMany({
      where: { id: { in: ids } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
    const due = new Set(room.groupDevices.flatMap(({ deviceId, removalDue }) => (removalDue ? deviceId : [])));
    return {
      room,
      groupInfo: room.groupInfo.bytes,
      devices,
      pendingRemovals: devices.filter((device) => due.has(device.id)),
      pendingRemovalIds: [...due],
    };
  };
  return core.db.$transaction(read, { isolationLevel: 'RepeatableRead' });
}

/** The devices that must leave the group of the room before anything is said there. */
export async function removalsDue(db: Prisma.TransactionClient, roomId: string): Promise<string[]> {
  const due = await db.groupDevice.findMany({ where: { roomId, removalDue: true }, select: { deviceId: true } });
  return due.map(({ deviceId }) => deviceId);
}

/** CONFLICT with the reason that a client must know, when a room takes nothing of that generation and epoch. */
export function checkEpoch(room: Room, { generation, epoch }: { generation: number; epoch: number }): void {
  if (room.encryption === 'NONE') throw notEncrypted();
  if (room.generation !== generation) throw generationClosed(room);
  if (room.groupEpoch !== epoch) throw epochStale(room);
}

export const notEncrypted = () =>
  new AppError('CONFLICT', 'This room is not end-to-end encrypted.', { reason: 'NOT_ENCRYPTED' });

export const generationClosed = ({ generation, groupEpoch: epoch, lastSeq: seq }: Room) =>
  new AppError('CONFLICT', 'The room has another group now. Read its log, then send again.', {
    reason: 'GENERATION_CLOSED',
    generation,
    epoch,
    seq,
  });

export const epochStale = ({ generation, groupEpoch: epoch, lastSeq: seq }: Room) =>
  new AppError('CONFLICT', 'The group has moved on. Read the log, then send again.', {
    reason: 'EPOCH_STALE',
    generation,
    epoch,
    seq,
  });

export const pendingRemoval = (deviceIds: string[]) =>
  new AppError('CONFLICT', 'Devices must be removed from the group first.', { reason: 'PENDING_REMOVAL', deviceIds });

export const notInGroup = () =>
  new AppError('CONFLICT', 'This device is not in the group of the room. Join it by an external commit.', {
    reason: 'NOT_IN_GROUP',
  });

export const groupFull = (most: number) =>
  new AppError('CONFLICT', `An encrypted room has at most ${most} devices.`, { reason: 'GROUP_FULL' });

export const otherUse = () => new AppError('CONFLICT', 'This id belongs to something else. Choose a new one.');
