import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { packedSize, scripts, weigh } from '../../weight.ts';
import type { Figure } from '../figures.ts';
import { type Place, WEB } from './place.ts';

const PEERS = 'Cinny 947, Campfire about 208, The Lounge 187';

/** What somebody waits for who was never here; and in an encrypted room, who was. */
export async function firstLoad(place: Place): Promise<Figure[]> {
  const ada = await place.account('Ada');
  const room = await ada.createRoom('harbour');
  const [guest, member] = [await place.visit(), await place.visit(ada)];
  const hosts = new Set<string>();
  for (const page of [guest, member]) page.on('request', (request) => hosts.add(new URL(request.url()).host));
  const door = await weigh(guest, '/login', WEB);
  const inside = await weigh(member, `/r/${room}`, WEB);
  const first = new Set([...door.loaded, ...inside.loaded]);
  const rested = await atRest(member, inside.loaded);
  const secret = await makeEncryptedRoom(member);
  const sealed = await weigh(await member.context().newPage(), secret, WEB);
  const lazy = scripts(WEB).filter((file) => !first.has(file) && !isWorker(file));
  return [
    { name: 'login, JavaScript', ...kilobytes(door.js), atMost: 50, beside: PEERS },
    { name: 'room, JavaScript', ...kilobytes(inside.js), atMost: 100, beside: PEERS },
    { name: 'room at rest, the Worker besides', ...kilobytes(rested) },
    { name: 'encrypted room, the Worker besides', ...kilobytes(sizeOf(withoutWorker(sealed.loaded))) },
    { name: 'room, CSS', ...kilobytes(inside.css), atMost: 12 },
    { name: `largest of ${lazy.length} lazy chunks`, ...kilobytes(largest(lazy)), atMost: 45 },
    { name: 'Worker of encryption', ...kilobytes(largest(scripts(WEB).filter(isWorker))), atMost: 60 },
    { name: 'font', ...kilobytes(inside.woff2), atMost: 25 },
    { name: 'login, requests', value: door.requests, unit: '' },
    { name: 'room, requests', value: inside.requests, unit: '' },
    { name: 'other hosts that were asked', value: hosts.size - 1, unit: '', atMost: 0 },
  ];
}

/** What the page has loaded once it has begun the Worker of encryption, which is weighed by itself. */
async function atRest(page: Page, loaded: string[]): Promise<number> {
  if (!page.workers().length) await page.waitForEvent('worker');
  return sizeOf(withoutWorker(loaded));
}

/** Gives its path. */
async function makeEncryptedRoom(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'New room' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('lanterns');
  await dialog.getByLabel('People who are added').check();
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: 'lanterns' }).waitFor();
  return new URL(page.url()).pathname;
}

const isWorker = (file: string) => file.includes('/crypto-');
const withoutWorker = (files: string[]) => files.filter((file) => file.endsWith('.js') && !isWorker(file));
const sizes = (files: string[]) => files.map((file) => packedSize(join(WEB, file)));
const sizeOf = (files: string[]) => sizes(files).reduce((sum, size) => sum + size, 0);
const largest = (files: string[]) => Math.max(...sizes(files));
const kilobytes = (bytes: number) => ({ value: Math.round(bytes / 10) / 100, unit: 'kB gzip' });
