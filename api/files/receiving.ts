import { createHash, type Hash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Core } from '../core.ts';
import type { File } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import type { Viewer } from '../users/users.ts';
import { discard, getUpload, keyOf, readFile, thumbnailKeyOf } from './files.ts';
import { typeOf, UNKNOWN } from './fileType.ts';
import { cleanImage, isImage } from './images.ts';
import { type Piece, pieces } from './pieces.ts';
import { scan } from './scan.ts';

/** As much as tells the type of a file. */
const HEAD = 4_100;
const NO_ROOM = 'The server has no room for files: tell whoever runs it.';

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

// The row names a piece before it exists, so that nothing lies in the storage to which no row leads; it counts once the
// row says so, and of two that begin at the same place only one does.
async function keep(core: Core, file: File, { offset, bytes }: Piece) {
  const key = `${file.id}.${offset}-${randomUUID().slice(0, 8)}`;
  const open = { id: file.id, received: offset, attachedAt: null };
  const begun = await core.db.file.updateMany({ where: open, data: { begun: { push: key } } });
  if (begun.count === 0) throw outOfStep();
  await put(core, key, bytes);
  const received = offset + bytes.length;
  const { count } = await core.db.file.updateMany({ where: open, data: { received, pieces: { push: key } } });
  if (count > 0) return;
  await core.storage.remove([key]);
  throw outOfStep();
}

async function finish(core: Core, file: File): Promise<File> {
  try {
    return await makeReady(core, file);
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_INPUT') await discard(core, file);
    if (error instanceof AppError && error.code === 'NOT_FOUND') return finishedElsewhere(core, file);
    throw error;
  }
}

async function makeReady(core: Core, file: File): Promise<File> {
  const hash = createHash('sha256');
  const made = file.sealed ? await storeAsIs(core, file, UNKNOWN, hash) : await store(core, file, hash);
  const [ready] = await core.db.file.updateManyAndReturn({
    where: { id: file.id, attachedAt: null, readyAt: null },
    data: { ...made, begun: [], pieces: [], readyAt: new Date() },
  });
  if (!ready) throw notFound('File');
  await core.storage.remove(file.begun);
  return ready;
}

// By another request that came as far; or the file is gone, and what was put since would stay for good.
async function finishedElsewhere(core: Core, { id }: File): Promise<File> {
  const ready = await core.db.file.findFirst({
    where: { id, readyAt: { not: null }, OR: [{ attachedAt: null }, { message: { deletedAt: null } }] },
  });
  if (ready) return ready;
  await core.storage.remove([keyOf({ id }), thumbnailKeyOf({ id })]);
  throw notFound('File');
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
