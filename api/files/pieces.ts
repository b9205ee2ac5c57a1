import type { Readable } from 'node:stream';
import { AppError } from '../errors.ts';

const SIZE = 1_048_576;

export interface Piece {
  offset: number;
  bytes: Buffer;
}

/**
 * Cuts a stream that begins at `offset` into pieces of a mebibyte. When it breaks off, what had come is the last piece.
 * INVALID_INPUT when more comes than the file has.
 */
export async function* pieces(stream: Readable, offset: number, size: number): AsyncGenerator<Piece> {
  let waiting: Buffer[] = [];
  let length = 0;
  let at = offset;
  const cut = (): Piece => {
    const piece = { offset: at, bytes: Buffer.concat(waiting) };
    at += piece.bytes.length;
    [waiting, length] = [[], 0];
    return piece;
  };
  try {
    for await (const chunk of stream) {
      waiting.push(chunk);
      length += chunk.length;
      if (at + length > size) throw new AppError('INVALID_INPUT', 'The file is larger than was said.');
      if (length >= SIZE) yield cut();
    }
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  if (length > 0) yield cut();
}

const isBroken = (error: unknown) =>
  ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as { code: string }).code);
