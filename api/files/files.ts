import { createHash, type Hash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { File } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { getMembership } from '../rooms/memberships.ts';
import type { ByteRange } from '../storage/storage.ts';
import type { Viewer } from '../users/users.ts';
import { fileName } from './fileName.ts';
import { typeOf, UNKNOWN } from './fileType.ts';
import { cleanImage, isImage } from './images.ts';
import { type Piece, pieces } from './pieces.ts';
import { scan } from './scan.ts';

const MOST_OPEN = 20;
/** As much as tells the type of a file. */
const HEAD = 4_100;
const NO_ROOM = 'The server has no room for files: tell whoever runs it.';

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
  const open = await core.db.file.count({ where: { ownerId: viewer.id, attachedAt: null, room: { deletedAt: null } } });
  if (open >= MOST_OPEN) throw new AppError('CONFLICT', 'Send or cancel the files that are waiting first.');
  return core.db.file.create({
    data: {
      ...file,
      ...(room.encryption !== 'NONE' && { name: '' }),
      roomId: room.id,
      ownerId: viewer.id,
      type: UNKNOWN,
      expectedHash: sha256,
      sealed: room.encryption !== 'NONE',
    },
  });
}

/** The viewer's own file, of which some bytes may be missing. NOT_FOUND once it was sent. */
export async function getUpload(core: Core, viewer: Viewer, id: string): Promise<File> {
  const file = await core.db.file.findFirst({
    where: { id: idOf(id, 'File'), ownerId: viewer.id, attachedAt: null, room: membersOnly(viewer) },
  });
  if (!file) throw notFound('File');
  return file;
}

/**
 * Takes the bytes from `offset` on, as many as come, and keeps what came if the line breaks. With the last of them the
 * file is checked and made ready. CONFLICT, naming nothing else, when the offset is not how far the file has come;
 * UNAVAILABLE with the reason STORAGE_FULL when there is no room for them.
 */
export async function receive(core: Core, viewer: Viewer, id: string, offset: number, bytes: Readable): Promise<File> {
  const file = await getUpload(core, viewer, id);
  if (offset !== file.received) throw outOfStep();
  for await (const piece of pieces(bytes, file.received, file.size)) await keep(core, file, piece);
  const now = await getUpload(core, viewer, id);
  return now.received === now.size && !now.readyAt ? finish(core, now) : now;
}

/** Removes a file of the viewer that was not sent yet. */
export async function cancelUpload(core: Core, viewer: Viewer, id: string): Promise<void> {
  await removeFiles(core, [await getUpload(core, viewer, id)]);
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

/** Removes files with everything that is kept of them. What is interrupted is finished by `purgeFiles`. */
export async function removeFiles(core: Core, files: Pick<File, 'id' | 'begun'>[]): Promise<void> {
  for (const file of files) {
    await core.storage.remove([keyOf(file), thumbnailKeyOf(file), ...file.begun]);
    await core.db.file.deleteMany({ where: { id: file.id } });
  }
}

/** Removes the files that a deleted message brought. */
export async function removeFilesOf(core: Core, messageId: string): Promise<void> {
  await removeFiles(core, await core.db.file.findMany({ where: { messageId }, select: { id: true, begun: true } }));
}

const membersOnly = (viewer: Viewer) => ({
  deletedAt: null,
  memberships: { some: { userId: viewer.id, leftSeq: null } },
});

// The row names a piece before it exists, so that nothing lies in the storage to which no row leads; it counts once the
// row says so, and of two that begin at the same place only one does.
async function keep(core: Core, file: File, { offset, bytes }: Piece) {
  const key = `${file.id}.${offset}-${randomUUID().slice(0, 8)}`;
  const open = { id: file.id, received: offset, attachedAt: null };
  await core.db.file.updateMany({ where: open, data: { begun: { push: key } } });
  await put(core, key, bytes);
  const received = offset + bytes.length;
  const { count } = await core.db.file.updateMany({ where: open, data: { received, pieces: { push: key } } });
  if (count === 0) throw outOfStep();
}

async function finish(core: Core, file: File): Promise<File> {
  const hash = createHash('sha256');
  try {
    const made = file.sealed ? await storeAsIs(core, file, UNKNOWN, hash) : await store(core, file, hash);
    const data = { ...made, begun: [], pieces: [], readyAt: new Date() };
    const ready = await core.db.file.update({ where: { id: file.id }, data });
    await core.storage.remove(file.begun);
    return ready;
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_INPUT') await removeFiles(core, [file]);
    throw error;
  }
}

async function store(core: Core, file: File, hash: Hash) {
  await scan(core, joined(core, file));
  const type = await typeOf(await headOf(core, file));
  return isImage(type) ? storeImage(core, file, type, hash) : storeAsIs(core, file, type, hash);
}

async function storeAsIs(core: Core, file: File, type: string, hash: Hash) {
  await put(core, keyOf(file), Readable.from(hashed(joined(core, file), hash)));
  return { type, sha256: checked(file, hash) };
}

async function storeImage(core: Core, file: File, type: string, hash: Hash) {
  const given = await buffer(hashed(joined(core, file), hash));
  checked(file, hash);
  const { bytes, thumbnail, placeholder, ...image } = await cleanImage(type, given);
  await put(core, thumbnailKeyOf(file), thumbnail);
  await put(core, keyOf(file), bytes);
  const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
  return { ...image, size: bytes.length, sha256, placeholder: new Uint8Array(placeholder) };
}

// A disk or a quota that is used up is not the sender's fault: what has come is kept, and goes on once there is room.
async function put(core: Core, key: string, bytes: Buffer | Readable) {
  await core.storage.put(key, bytes).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
    core.log.warn('files.full', { error });
    throw new AppError('UNAVAILABLE', NO_ROOM, { reason: 'STORAGE_FULL' });
  });
}

async function headOf(core: Core, file: File): Promise<Buffer> {
  const [first = ''] = file.pieces;
  return buffer(await readFile(core, first, { start: 0, end: HEAD - 1 }));
}

async function* joined(core: Core, file: File): AsyncGenerator<Buffer> {
  for (const key of file.pieces) yield* await readFile(core, key);
}

async function* hashed(bytes: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

function checked(file: File, hash: Hash): Uint8Array<ArrayBuffer> {
  const found = new Uint8Array(hash.digest());
  if (!file.expectedHash || Buffer.from(file.expectedHash).equals(found)) return found;
  throw new AppError('INVALID_INPUT', 'What arrived is not what was sent. Send the file again.');
}

const outOfStep = () =>
  new AppError('CONFLICT', 'The file has come further than that, or less far. Ask how far, and go on there.');

const tooLarge = (core: Core) =>
  new AppError('INVALID_INPUT', `A file has at most ${Math.floor(core.config.fileLimit / 1_048_576)} MB.`);
