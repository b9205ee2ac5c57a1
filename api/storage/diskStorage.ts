import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Storage } from './storage.ts';

/** A folder, for its owner's eyes only. Several nodes need one that all of them see. */
export function diskStorage(folder: string): Storage {
  const placeOf = (key: string) => join(folder, key.slice(-2), key);
  return {
    put: async (key, bytes) => {
      const place = placeOf(key);
      await mkdir(join(place, '..'), { recursive: true, mode: 0o700 });
      const draft = `${place}.${randomUUID()}.new`;
      try {
        const source = Buffer.isBuffer(bytes) ? Readable.from([bytes]) : bytes;
        await pipeline(source, createWriteStream(draft, { mode: 0o600, flush: true }));
        await rename(draft, place);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    get: async (key, range) => {
      const file = await open(placeOf(key), 'r').catch(nothing);
      return file && createReadStream('', { fd: file, ...range });
    },
    remove: async (keys) => {
      for (const key of keys) await rm(placeOf(key), { force: true });
    },
  };
}

function nothing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
