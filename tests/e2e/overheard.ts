import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { tablesWith } from '../rooms.ts';
import type { Site, Visitor } from './site.ts';

/**
 * What is heard by whoever runs the server: what the browsers send, its log, its database, all files that it keeps, what
 * goes through Redis and stays there, and what it tells push services.
 */
export async function listen(redisUrl: string) {
  const sent: (string | Buffer)[] = [];
  const log = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    sent.push(String(line));
    return true;
  });
  const redis = new Redis(redisUrl);
  const passing = await redis.monitor();
  passing.on('monitor', (_time, command) => sent.push(command.join(' ')));
  return {
    redis,
    /** Something else that the server has told somebody. */
    also: (told: string | Buffer) => void sent.push(told),
    to: ({ context, page }: Visitor) => {
      context.on('request', (request) => sent.push(request.url(), request.postDataBuffer() ?? ''));
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload)));
    },
    /** Where any of the words are, in whatever way they may be written. Closes the log. */
    async places(site: Site, words: string[]): Promise<string[]> {
      log.mockRestore();
      sent.push(...(await valuesIn(redis)));
      for (const line of [passing, redis]) line.disconnect();
      const heard = words.flatMap((word) =>
        sent.some((one) => says(Buffer.from(one), word)) ? [`sent: ${word}`] : [],
      );
      return [...heard, ...(await keptPlaces(site, words))];
    },
  };
}

/** Where the server has kept any of the words: files and tables. */
export async function keptPlaces({ node, dataDir }: Pick<Site, 'node' | 'dataDir'>, words: string[]) {
  const files = filesIn(dataDir).flatMap((file) => {
    const bytes = readFileSync(file);
    return words.filter((word) => says(bytes, word)).map((word) => `${file}: ${word}`);
  });
  const tables = await Promise.all(words.flatMap(inRows).map((one) => tablesWith(node, one)));
  return [...files, ...tables.flat()];
}

const says = (bytes: Buffer, word: string) =>
  [bytes, ...unpacked(bytes)].some((all) => written(word).some((one) => all.includes(one)));

/** What lies in the bytes packed by gzip. */
function unpacked(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1)) {
    try {
      found.push(gunzipSync(bytes.subarray(at), { finishFlush: zlib.Z_SYNC_FLUSH }));
    } catch {
      // Bytes that begin as gzip does, and are none.
    }
  }
  return found;
}
const GZIP = Buffer.of(0x1f, 0x8b, 0x08);

const written = (word: string) => [Buffer.from(word), Buffer.from(word, 'utf16le'), ...inBase64(word)];

/** At each of the three places where it may begin, without what its neighbours decide. */
const inBase64 = (word: string) =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), Buffer.from(word)])
      .toString('base64')
      .replaceAll('=', '');
    return Buffer.from(text.slice(Math.ceil((before * 4) / 3), -1));
  });

/** As text, and as the hexadecimal digits in which PostgreSQL shows bytes. */
const inRows = (word: string) =>
  written(word).flatMap((one, way) => [...(way === 1 ? [] : [String(one)]), one.toString('hex')]);

async function valuesIn(redis: Redis): Promise<Buffer[]> {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return [Buffer.from(keys.join('\n')), ...values.flatMap((value) => value ?? [])];
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
