import type { z } from 'zod';
import type { Core } from '../core.ts';
import { findOwnDevice, getOwnDevice } from '../devices/ownDevice.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { sendSealedTogether } from '../messages/sendQueue.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import type { NewSealed } from '../realtime/newSealed.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { checkEpoch, epochStale, notInGroup, otherUse, pendingRemoval, removalsDue } from './groups.ts';
import { Sealed } from './limits.ts';

/**
 * Puts into the log of an encrypted room what the viewer's device has sealed for its group, in the epoch that the group is
 * in. A MESSAGE counts as one; an EVENT (an edit, an answer, a pin, the room's name …) does not, and goes with the viewer's own
 * message that it names as its target. The same id from the same device gives the same answer; any other use is CONFLICT. CONFLICT
 * has a reason: EPOCH_STALE, GENERATION_CLOSED, PENDING_REMOVAL, NOT_IN_GROUP, NOT_ENCRYPTED.
 */
export async function sendSealed(core: Core, viewer: Viewer, input: z.input<typeof Sealed>): Promise<LogEntry> {
  const { roomId, mls, body, targetId, files, ...sealed } = parse(Sealed, input);
  if (sealed.kind === 'EVENT' ? files?.length : targetId != null)
    throw new AppError('INVALID_INPUT', 'Only a message brings files, and only an event has a target.');
  const room = idOf(roomId, 'Room');
  const item: NewSealed = {
    ...sealed,
    mls: textOf(mls),
    body: body ? textOf(body) : null,
    targetId: targetId == null ? undefined : idOf(targetId, 'Message'),
    files: [...new Set(files?.map((id) => idOf(id, 'File')))],
    actorId: viewer.id,
    sessionId: viewer.sessionId,
  };
  await core.limits.take('messagesPer10Seconds', viewer.id, viewer);
  return (await sendSealedTogether(core, room, item)) ?? sentBefore(core, viewer, room, item);
}

async function sentBefore(core: Core, viewer: Viewer, roomId: string, item: NewSealed): Promise<LogEntry> {
  const [entry] = await findEntries(core.db, [item.id]);
  const sender = entry?.sealed ?? entry?.message?.sealed;
  const device = sender?.deviceId ? await findOwnDevice(core, viewer) : null;
  if (entry?.roomId === roomId && entry.kind === item.kind && device?.id === sender?.deviceId && device) return entry;
  throw await refusal(core, viewer, roomId, item, entry);
}

// As things are now: what has passed meanwhile is worth another try.
async function refusal(core: Core, viewer: Viewer, roomId: string, item: NewSealed, entry: LogEntry | undefined) {
  const { room } = await getMembership(core, viewer, roomId);
  const device = await getOwnDevice(core, viewer);
  if (entry) return otherUse();
  checkEpoch(room, item);
  const due = await removalsDue(core.db, roomId);
  if (due.length > 0) return pendingRemoval(due);
  if ((await core.db.groupDevice.count({ where: { roomId, deviceId: device.id } })) === 0) return notInGroup();
  return (await missing(core, viewer, roomId, item)) ?? epochStale(room);
}

async function missing({ db }: Core, { id: userId }: Viewer, roomId: string, { targetId, files = [] }: NewSealed) {
  const own = { id: targetId, roomId, kind: 'MESSAGE' as const, actorId: userId, deletedAt: null };
  if (targetId && (await db.entry.count({ where: own })) === 0) return notFound('Message');
  const ready = { id: { in: files }, roomId, ownerId: userId, sealed: true, readyAt: { not: null }, attachedAt: null };
  return (await db.file.count({ where: ready })) < files.length ? notFound('File') : null;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
