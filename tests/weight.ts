import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';

/** The bytes of a file of the build, by gzip. */
export const packedSize = (file: string) => gzipSync(readFileSync(file), { level: 9 }).length;

/** What a page loads from the build, in bytes of gzip by kind, and how many requests it makes. */
export async function weigh(page: Page, path: string, web: string) {
  const loaded: string[] = [];
  page.on('response', (response) => loaded.push(new URL(response.url()).pathname));
  await page.goto(path, { waitUntil: 'networkidle' });
  const sizeOf = (kind: string) =>
    loaded.filter((file) => file.endsWith(kind)).reduce((sum, file) => sum + packedSize(join(web, file)), 0);
  return { loaded, requests: loaded.length, js: sizeOf('.js'), css: sizeOf('.css'), woff2: sizeOf('.woff2') };
}

/** Every script that the page may load, now or later; GraphiQL, which is no part of it, left out. */
export function scripts(web: string): string[] {
  const worker = readFileSync(join(web, 'sw.js'), 'utf8');
  return [...new Set(worker.match(/\/assets\/[^"'`]+\.js/g))];
}
