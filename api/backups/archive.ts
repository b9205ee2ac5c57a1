import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { StartError } from '../errors.ts';

const BLOCK = 512;
const MANIFEST = 'manifest.json';

/** A file inside a backup. */
export interface Member {
  name: string;
  bytes: Buffer;
}

/**
 * Writes members into one file, a compressed tar, with `manifest.json` as the last: what `describe` gives once the others
 * are written, and the hash of these. Under another name until it is whole.
 */
export async function writeArchive(file: string, members: AsyncIterable<Member>, describe: () => object) {
  const draft = `${file}.part`;
  try {
    const target = createWriteStream(draft, { mode: 0o600, flush: true });
    await pipeline(Readable.from(packed(members, describe)), createGzip(), target);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw unwritable(error as NodeJS.ErrnoException, draft);
  }
}

/**
 * The members of a backup in their order, and what its manifest says as the last thing. One that was cut short, or
 * changed after it was made, throws StartError: at its end at the latest.
 */
export async function* readArchive(file: string): AsyncGenerator<Member, unknown> {
  const hash = createHash('sha256');
  try {
    for await (const member of unpacked(chunksOf(file))) {
      if (member.name === MANIFEST) return manifestOf(member, hash.digest('hex'), file);
      include(hash, member);
      yield member;
    }
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, file);
  }
  throw damaged(file);
}

async function* packed(members: AsyncIterable<Member>, describe: () => object): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const member of members) {
    include(hash, member);
    yield* blocks(member);
  }
  const manifest = { ...describe(), sha256: hash.digest('hex') };
  yield* blocks({ name: MANIFEST, bytes: Buffer.from(JSON.stringify(manifest, null, 1)) });
  yield Buffer.alloc(2 * BLOCK);
}

function include(hash: Hash, { name, bytes }: Member) {
  hash.update(`${name}\0${bytes.length}\0`).update(bytes);
}

function manifestOf({ bytes }: Member, sha256: string, file: string): unknown {
  const manifest = JSON.parse(bytes.toString());
  if (manifest.sha256 !== sha256) throw damaged(file);
  return manifest;
}

function* blocks({ name, bytes }: Member): Generator<Buffer> {
  yield header(name, bytes.length);
  yield bytes;
  yield Buffer.alloc(-bytes.length & (BLOCK - 1));
}

// As POSIX has it (ustar), so that every tar can list and unpack a backup.
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const fields: [number, string][] = [
    [0, name],
    [100, '0000600\0'],
    [108, '0000000\0'],
    [116, '0000000\0'],
    [124, `${size.toString(8).padStart(11, '0')}\0`],
    [136, `${Math.floor(Date.now() / 1000).toString(8)}\0`],
    [148, '        '],
    [156, '0'],
    [257, 'ustar\x0000'],
  ];
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

async function* unpacked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Member> {
  const take = taker(chunks);
  for (;;) {
    const block = await take(BLOCK);
    const name = textAt(block, 0, 100);
    if (!name) return;
    const size = Number.parseInt(textAt(block, 124, 12), 8);
    if (!(size >= 0)) throw new Error('not a tar');
    const bytes = await take(size);
    await take(-size & (BLOCK - 1));
    yield { name, bytes };
  }
}

const textAt = (block: Buffer, at: number, length: number) =>
  block
    .toString('latin1', at, at + length)
    .split('\0', 1)[0]
    ?.trim() ?? '';

/** Takes exactly so many bytes from a stream; throws at its end. */
function taker(chunks: AsyncIterable<Buffer>): (size: number) => Promise<Buffer> {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return async (size) => {
    const parts = [rest];
    let length = rest.length;
    while (length < size) {
      const { value, done } = await source.next();
      if (done) throw new Error('it ends early');
      parts.push(value);
      length += value.length;
    }
    const all = parts.length === 1 ? rest : Buffer.concat(parts);
    rest = all.subarray(size);
    return all.subarray(0, size);
  };
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file);
  const text = createGunzip();
  const done = pipeline(source, text);
  done.catch(() => {});
  yield* text;
  await done;
}

function explained(error: NodeJS.ErrnoException, file: string): Error {
  if (error instanceof StartError) return error;
  if (error.syscall) return new StartError(`Cannot read ${file}: ${error.message}.`, { cause: error });
  return damaged(file, error);
}

function unwritable(error: NodeJS.ErrnoException, draft: string): Error {
  if (error.path !== draft && error.code !== 'ENOSPC') return error;
  return new StartError(`Cannot write ${draft}: ${error.message}.`, { cause: error });
}

const damaged = (file: string, cause?: unknown) =>
  new StartError(`${file} is no backup, or was cut short or changed after it was made: nothing was restored from it.`, {
    cause,
  });
