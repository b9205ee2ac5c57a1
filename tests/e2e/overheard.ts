import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { tablesWith } from '../rooms.ts';
import type { Site, Visitor } from './site.ts';

/** What is heard by whoever runs the server: what the browsers send, its log, its database and all files that it keeps. */
export function listen() {
  const sent: (string | Buffer)[] = [];
  const log = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    sent.push(String(line));
    return true;
  });
  return {
    to: ({ context, page }: Visitor) => {
      context.on('request', (request) => sent.push(request.url(), request.postDataBuffer() ?? ''));
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload)));
    },
    /** Where any of the words are, in whatever way they may be written. Closes the log. */
    async places(site: Site, words: string[]): Promise<string[]> {
      log.mockRestore();
      const heard = words.flatMap((word) =>
        sent.some((one) => says(Buffer.from(one), word)) ? [`sent: ${word}`] : [],
      );
      const kept = filesIn(site.dataDir).flatMap((file) => {
        const bytes = readFileSync(file);
        return words.filter((word) => says(bytes, word)).map((word) => `${file}: ${word}`);
      });
      const tables = await Promise.all(
        words.flatMap((word) => [word, hex(word)]).map((one) => tablesWith(site.node, one)),
      );
      return [...heard, ...kept, ...tables.flat()];
    },
  };
}

const says = (bytes: Buffer, word: string) => written(word).some((one) => bytes.includes(one));

const written = (word: string) => [Buffer.from(word), Buffer.from(word, 'utf16le'), ...inBase64(word)];

/** At each of the three places where it may begin, without what its neighbours decide. */
const inBase64 = (word: string) =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), Buffer.from(word)])
      .toString('base64')
      .replaceAll('=', '');
    return Buffer.from(text.slice(Math.ceil((before * 4) / 3), -1));
  });

const hex = (word: string) => Buffer.from(word).toString('hex');

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
