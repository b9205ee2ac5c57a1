import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { File } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { refuseGuarded } from '../rooms/encrypted.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { ByteRange } from '../storage/storage.ts';
import { holdCount, type Viewer } from '../users/users.ts';
import { fileName } from './fileName.ts';
import { UNKNOWN } from './fileType.ts';

const MOST_OPEN = 20;

export const keyOf = (file: Pick<File, 'id'>) => file.id;
export const thumbnailKeyOf = (file: Pick<File, 'id'>) => `${file.id}.thumbnail`;

const NewFile = z.object({
  name: z.string().transform(fileName),
  size: z.number().int().min(1, 'The file is empty.'),
  sha256: z
    .string()
    .regex(/^[\da-f]{64}$/i, 'A SHA-256 is 64 hexadecimal digits.')
    .transform((text) => Buffer.from(text, 'hex'))
    .nullish(),
});

/** Makes room for a file that the viewer is about to send to a room; its bytes follow through `receive`. */
export async function createUpload(
  core: Core,
  viewer: Viewer,
  roomId: string,
  input: z.input<typeof NewFile>,
): Promise<File> {
  const { room } = await getMembership(core, viewer, roomId);
  const { sha256, ...file } = parse(NewFile, input);
  if (file.size > core.config.fileLimit) throw tooLarge(core);
  await core.limits.take('uploadsPerHour', viewer.id, viewer);
  const sealed = room.encryption !== 'NONE';
  const name = sealed ? '' : file.name;
  const data = { ...file, name, roomId: room.id, ownerId: viewer.id, type: UNKNOWN, expectedHash: sha256, sealed };
  return core.db.$transaction((db) => addUpload(db, viewer, data)).catch(refuseGuarded);
}

async function addUpload(db: Prisma.TransactionClient, viewer: Viewer, data: Prisma.FileUncheckedCreateInput) {
  await holdCount(db, 'uploads', viewer.id);
  const open = await db.file.count({ where: { ownerId: viewer.id, attachedAt: null, room: { deletedAt: null } } });
  if (open >= MOST_OPEN) throw new AppError('CONFLICT', 'Send or cancel the files that are waiting first.');
  return db.file.create({ data });
}

/** The viewer's own file, of which some bytes may be missing. NOT_FOUND once it was sent. */
export async function getUpload(core: Core, viewer: Viewer, id: string): Promise<File> {
  const file = await core.db.file.findFirst({
    where: { id: idOf(id, 'File'), ownerId: viewer.id, attachedAt: null, room: membersOnly(viewer) },
  });
  if (!file) throw notFound('File');
  return file;
}

/** Removes a file of the viewer that was not sent yet. */
export async function cancelUpload(core: Core, viewer: Viewer, id: string): Promise<void> {
  const file = await getUpload(core, viewer, id);
  if (!(await discard(core, file))) throw notFound('File');
}

/** A file that the viewer may see: of a message that stands, in a room of theirs, or one that they are about to send. */
export async function getFile(core: Core, viewer: Viewer, id: string): Promise<File> {
  const file = await core.db.file.findFirst({
    where: {
      id: idOf(id, 'File'),
      readyAt: { not: null },
      room: membersOnly(viewer),
      OR: [{ attachedAt: null, ownerId: viewer.id }, { message: { deletedAt: null } }],
    },
  });
  if (!file) throw notFound('File');
  return file;
}

/** The bytes of a file that `getFile` gave, or a part of them. */
export async function readFile(core: Core, key: string, range?: ByteRange): Promise<Readable> {
  const bytes = await core.storage.get(key, range);
  if (!bytes) throw notFound('File');
  return bytes;
}

/** Removes a file that was not sent. False for one that was sent meanwhile: it stays. */
export async function discard(core: Core, { id }: File): Promise<boolean> {
  const taken = await core.db.file.updateManyAndReturn({
    where: { id, attachedAt: null },
    data: discarding(new Date()),
    select: { id: true, begun: true },
  });
  await removeFiles(core, taken);
  return taken.length > 0;
}

/**
 * Removes files with everything that is kept of them: those of messages that are gone, and those that `discarding` has
 * taken from their senders. What is interrupted is finished by `purgeFiles`.
 */
export async function removeFiles(core: Core, files: Pick<File, 'id' | 'begun'>[]): Promise<void> {
  for (const file of files) {
    await core.storage.remove([keyOf(file), thumbnailKeyOf(file), ...file.begun]);
    await core.db.file.deleteMany({ where: { id: file.id } });
  }
}

/** Removes the files that a deleted message brought. */
export async function removeFilesOf(core: Core, messageId: string): Promise<void> {
  const where = { messageId, message: { deletedAt: { not: null } } };
  await removeFiles(core, await core.db.file.findMany({ where, select: { id: true, begun: true } }));
}

/** What makes a file that was not sent one whose message is gone: from then on nobody sends it. */
export const discarding = (now: Date) => ({ attachedAt: now });

const membersOnly = (viewer: Viewer) => ({
  deletedAt: null,
  memberships: { some: { userId: viewer.id, leftSeq: null } },
});

const tooLarge = (core: Core) =>
  new AppError('INVALID_INPUT', `A file has at most ${Math.floor(core.config.fileLimit / 1_048_576)} MB.`);
