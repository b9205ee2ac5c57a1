import { access, constants, mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import { bucketStorage } from './bucketStorage.ts';
import { diskStorage } from './diskStorage.ts';

/** Where the bytes of files lie, under keys of letters, digits, dots and dashes. What the bytes are is not its business. */
export interface Storage {
  /** Keeps the bytes, whole or not at all, in the place of what was there. */
  put(key: string, bytes: Buffer | Readable): Promise<void>;
  /** The bytes, or those of a range (both ends included); null when there is nothing under the key. */
  get(key: string, range?: ByteRange): Promise<Readable | null>;
  /** Removes what is there; what is not is no error. */
  remove(keys: string[]): Promise<void>;
}

export interface ByteRange {
  start: number;
  end: number;
}

/** A bucket when one is configured, a folder otherwise. */
export function openStorage(config: Config): Storage {
  return config.bucket ? bucketStorage(config.bucket) : diskStorage(config.filesDir);
}

/** Throws StartError when files are kept in a folder that cannot be written. */
export async function checkStorage({ bucket, filesDir }: Config): Promise<void> {
  if (bucket) return;
  try {
    await mkdir(filesDir, { recursive: true, mode: 0o700 });
    await access(filesDir, constants.W_OK);
  } catch (error) {
    const { message } = error as Error;
    throw new StartError(`Cannot keep files in ${filesDir}: ${message}. Choose another folder with FILES_DIR.`);
  }
}
