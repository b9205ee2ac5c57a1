import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Route } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { photograph, sha256 } from '../files.ts';
import { photo } from './harbour.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;

const PATIENT = { timeout: 20_000 };
const text = (name: string, content: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const jpeg = async (name: string) => ({ name, mimeType: 'image/jpeg', buffer: await photo() });
const chip = (visitor: Visitor, name: string) =>
  visitor.page.getByRole('list', { name: 'Files to send' }).getByRole('listitem').filter({ hasText: name });

const folder = mkdtempSync(join(tmpdir(), 'shh-files-'));

beforeAll(async () => {
  site = await openSite({ LIMIT_MESSAGES_PER_10_SECONDS: '1000', LIMIT_CHANGES_PER_MINUTE: '1000' });
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea', { ...PHONE, colorScheme: 'dark' })];
  await ada.register();
  await bea.register();
  room = await ada.createRoom('kitchen-table');
  await bea.joinByLink(room);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await site?.close();
});

test('Paste, drag, pick: the files stand below what is written, and go with it in one message', async () => {
  await ada.attach(await jpeg('this-morning.jpg'));
  await carry(ada.composer, 'paste', await jpeg('pasted.jpg'));
  await ada.log.waitFor();
  const drag = setInterval(() => carry(ada.log, 'dragenter', text('packing-list.txt', '')).catch(() => undefined), 200);
  await ada.page.getByText('Drop to attach to kitchen-table').waitFor();
  clearInterval(drag);
  await ada.picture('drop-light-1280');
  await carry(ada.log, 'drop', text('packing-list.txt', 'vests, rope'));
  await ada.attach(text('not-this.txt', 'a secret'));
  for (const name of ['this-morning.jpg', 'pasted.jpg', 'packing-list.txt'])
    await chip(ada, name)
      .getByText(/\d k?B$/)
      .waitFor();
  await ada.page.getByRole('button', { name: 'Remove not-this.txt' }).click();
  await ada.composer.fill('Photo from this morning, no wind at all:');
  await ada.picture('attached-light-1280');
  await ada.composer.press('Enter');
  await bea.sees('no wind at all');
  const row = bea.row('no wind at all');
  await row.getByRole('button', { name: 'Open pasted.jpg' }).waitFor();
  await row.getByText('packing-list.txt').waitFor();
  expect(await row.getByRole('listitem').count()).toBe(3);
  await expect.poll(() => row.locator('img.loaded').count(), PATIENT).toBe(2);
  await bea.picture('files-dark-360');
  await ada.sees('no wind at all');
  await ada.picture('files-light-1280');
});

test('an image has its place before it is there, and shows nothing of where it was taken', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await bea.page.route('**/thumbnail', async (route) => {
    await held;
    await route.continue();
  });
  await ada.attach({ name: 'jetty.jpg', mimeType: 'image/jpeg', buffer: await photograph() });
  await ada.say('the jetty');
  await bea.sees('the jetty');
  const picture = bea.row('the jetty').getByRole('button', { name: 'Open jetty.jpg' });
  const before = await picture.boundingBox();
  expect(before?.height).toBeGreaterThan(40);
  release();
  await picture.locator('img.loaded').waitFor();
  expect(await picture.boundingBox()).toEqual(before);
  await bea.page.unroute('**/thumbnail');
  const kept = await sharp(await bytesOf('jetty.jpg')).metadata();
  expect([kept.exif, kept.width, kept.height]).toEqual([undefined, 40, 60]);
});

test('while it is sent one sees how far it is, and Cancel ends it; 25 MB works, more is refused with a sentence', async () => {
  const gate = await hold(ada);
  const bytes = randomBytes(25 * 1_048_576);
  const film = onDisk('tide-film.bin', bytes);
  await ada.attachFrom(film);
  await chip(ada, 'tide-film.bin').getByRole('progressbar').waitFor();
  await gate.reached;
  await ada.picture('uploading-light-1280');
  await ada.page.getByRole('button', { name: 'Cancel tide-film.bin' }).click();
  await chip(ada, 'tide-film.bin').waitFor({ state: 'detached' });
  await ada.attach(text('never.txt', 'never mind'));
  await ada.say('never mind');
  await ada.row('never mind').getByRole('button', { name: 'Cancel' }).click();
  await ada.row('never mind').waitFor({ state: 'detached' });
  await gate.open();
  await expect
    .poll(() => site.node.core.db.file.count({ where: { name: { in: ['tide-film.bin', 'never.txt'] } } }), PATIENT)
    .toBe(0);
  await ada.attachFrom(film);
  await ada.say('the whole film');
  await bea.sees('the whole film');
  const download = bea.page.waitForEvent('download');
  await bea.row('the whole film').getByRole('button', { name: 'Download tide-film.bin' }).click();
  expect((await download).suggestedFilename()).toBe('tide-film.bin');
  expect(sha256(await bytesOf('tide-film.bin'))).toBe(sha256(bytes));
  await ada.attachFrom(onDisk('larger.bin', Buffer.alloc(bytes.length + 1)));
  await ada.page.getByText('larger.bin is too large: a file has at most 25 MB.').waitFor();
});

test('the image that is being sent stays the same element, and is not loaded twice', async () => {
  const gate = await hold(ada);
  await ada.attach(await jpeg('same.jpg'));
  await ada.say('the same picture');
  const image = ada.row('the same picture').locator('img');
  await image.evaluate((one) => Object.assign(one, { marked: true }));
  await gate.open();
  await ada.sees('the same picture');
  expect(await image.evaluate((one) => (one as { marked?: boolean }).marked)).toBe(true);
  expect(await image.getAttribute('src')).toMatch(/^blob:/);
});

test('files written offline are sent once, in order, after the page was closed and opened again', async () => {
  await ada.context.setOffline(true);
  await ada.page.getByText('You are offline').waitFor();
  await ada.attach(text('offline.txt', 'written at sea'));
  await ada.say('with a file from the sea');
  await ada.say('and words after it');
  await ada.log.getByText('Sending').first().waitFor();
  await ada.attach(text('draft.txt', 'not sent yet'));
  await chip(ada, 'draft.txt').getByText('cannot be reached').waitFor();
  await expect.poll(() => keptFiles(ada), PATIENT).toBe(2);
  await ada.page.goto('about:blank');
  await ada.context.setOffline(false);
  await ada.page.goto(room);
  await bea.sees('and words after it');
  await bea.row('with a file from the sea').getByText('offline.txt').waitFor();
  const said = (await bea.reads()).filter((words) => words.includes('sea') || words.includes('after it'));
  expect(said).toEqual(['with a file from the sea', 'and words after it']);
  await chip(ada, 'draft.txt').getByText('12 B').waitFor();
  await ada.page.getByRole('button', { name: 'Remove draft.txt' }).click();
  await expect.poll(() => keptFiles(ada), PATIENT).toBe(0);
});

test('images that lie about their type: what is none is a card to download; what cannot be read is refused', async () => {
  const page = '<script>document.title = "1"</script>';
  await ada.attach({ name: 'lie.png', mimeType: 'image/png', buffer: Buffer.from(page) });
  await ada.say('not what it seems');
  await bea.sees('not what it seems');
  const row = bea.row('not what it seems');
  await row.getByRole('button', { name: 'Download lie.png' }).waitFor();
  expect(await row.locator('img').count()).toBe(0);
  const broken = Buffer.concat([(await photo()).subarray(0, 2_000), Buffer.alloc(10)]);
  await ada.attach({ name: 'broken.jpg', mimeType: 'image/jpeg', buffer: broken });
  await chip(ada, 'broken.jpg').getByText('This image cannot be read.').waitFor();
  await ada.composer.fill('with a broken one');
  await ada.composer.press('Enter');
  await ada.page.getByText('broken.jpg was refused. Remove it, or try again.').waitFor();
  await ada.picture('refused-light-1280');
  await ada.page.getByRole('button', { name: 'Remove broken.jpg' }).click();
  await ada.composer.fill('');
});

test('Enter opens an image, arrows go to the next, Escape returns to where one was', async () => {
  const { page } = ada;
  await page.goto(room);
  const first = ada.row('no wind at all').getByRole('button', { name: 'Open this-morning.jpg' });
  await first.focus();
  await page.keyboard.press('Enter');
  const viewer = page.getByRole('dialog', { name: 'Image' });
  await viewer.getByRole('img', { name: 'this-morning.jpg' }).waitFor();
  await viewer.getByText('1 of 2').waitFor();
  await page.keyboard.press('ArrowRight');
  await viewer.getByRole('img', { name: 'pasted.jpg' }).waitFor();
  await page.keyboard.press('Home');
  await viewer.getByText('1 of 2').waitFor();
  await ada.picture('viewer-light-1280');
  await page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
  expect(await first.evaluate((one) => one === document.activeElement)).toBe(true);
});

test('a reply to an image says so, as does the list of rooms; once deleted, its files are gone for everyone', async () => {
  await ada.attach(await jpeg('short-lived.jpg'));
  await ada.composer.press('Enter');
  await bea.log.getByRole('button', { name: 'Open short-lived.jpg' }).waitFor();
  await bea.page.getByRole('link', { name: 'Back to all rooms' }).click();
  await bea.page.getByRole('link', { name: /kitchen-table.*Ada: Photo/ }).click();
  await bea.log.getByRole('button', { name: 'Open short-lived.jpg' }).waitFor();
  const row = ada.log.locator('.msg:not(.pending)').last();
  await row.focus();
  await ada.page.keyboard.press('r');
  await ada.page.getByText('Replying to Ada: Photo').waitFor();
  await ada.say('look at this');
  await bea.row('look at this').locator('.quote').getByText('Photo').waitFor();
  const id = await idOf('short-lived.jpg');
  const stranger = await site.visitor('Stranger');
  await stranger.register();
  expect((await stranger.page.request.get(`${site.node.url}/files/${id}`)).status()).toBe(404);
  await ada.log
    .locator('.msg')
    .filter({ has: ada.page.getByRole('button', { name: 'Open short-lived.jpg' }) })
    .hover();
  await ada.page.getByRole('button', { name: 'More' }).click();
  for (const _ of [1, 2]) await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await bea.log.getByRole('button', { name: 'Open short-lived.jpg' }).waitFor({ state: 'detached' });
  expect((await bea.page.request.get(`${site.node.url}/files/${id}`)).status()).toBe(404);
});

test('A word from last week is found, jumped to and highlighted', async () => {
  await ada.program(room, ['the long rope hangs in the shed', ...Array.from({ length: 120 }, (_, n) => `line ${n}`)]);
  await ada.sees('line 119');
  const { page } = ada;
  await page.keyboard.press('Control+f');
  const field = page.getByRole('searchbox');
  await field.fill('rop');
  const result = page.getByRole('link', { name: /the long rope hangs/ });
  await result.waitFor();
  expect(await result.locator('mark').innerText()).toBe('rope');
  await ada.picture('found-light-1280');
  await field.press('ArrowDown');
  await page.keyboard.press('Enter');
  await ada.log.locator('.msg.found').filter({ hasText: 'the long rope hangs' }).waitFor();
  await field.fill('line');
  await page.getByText('20 messages, and there are more').waitFor();
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByText('40 messages, and there are more').waitFor();
  await field.fill('nowhere-said');
  await page.getByText('Nothing was found for nowhere-said.').waitFor();
  await ada.context.setOffline(true);
  await page.getByText('You are offline').first().waitFor();
  await field.fill('rope');
  await page.getByText('Search asks the server').waitFor();
  await ada.context.setOffline(false);
  await result.waitFor();
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'detached' });
});

test('from another room, the palette searches everywhere; on a phone Back returns to what was found', async () => {
  const { page } = ada;
  await ada.createRoom('boat-shed');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('long rope');
  await page.getByRole('option', { name: /Search messages for/ }).click();
  await page.getByRole('link', { name: /kitchen-table.*the long rope/s }).click();
  await ada.log.locator('.msg.found').filter({ hasText: 'the long rope hangs' }).waitFor();
  expect(new URL(page.url()).pathname).toBe(room);

  await bea.page.getByRole('button', { name: 'Search', exact: true }).click();
  await bea.page.getByRole('button', { name: /has:file/ }).click();
  await bea.page.getByRole('link', { name: /packing-list|3 files/ }).waitFor();
  await bea.picture('search-dark-360');
  await bea.page.getByRole('searchbox').fill('rope');
  await bea.page.getByRole('link', { name: /the long rope/ }).click();
  await bea.log.locator('.msg.found').filter({ hasText: 'the long rope hangs' }).waitFor();
  await bea.page.goBack();
  await bea.page.getByRole('link', { name: /the long rope/ }).waitFor();
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});

/** As if a file were pasted into an element, or dragged over it. */
async function carry(
  to: Locator,
  type: string,
  { name, mimeType, buffer }: { name: string; mimeType: string; buffer: Buffer },
) {
  const given = { type, name, mimeType, bytes: buffer.toString('base64') };
  await to.evaluate((element, { type, name, mimeType, bytes }) => {
    const carried = new DataTransfer();
    const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([content], name, { type: mimeType }));
    const ways = { bubbles: true, cancelable: true };
    element.dispatchEvent(
      type === 'paste'
        ? new ClipboardEvent(type, { ...ways, clipboardData: carried })
        : new DragEvent(type, { ...ways, dataTransfer: carried }),
    );
  }, given);
}

/** Holds back the bytes of files until it is opened. */
/** Where a file lies that is too large to be handed over in a message to the browser. */
function onDisk(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function hold({ page }: Visitor) {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const wait = async (route: Route) => {
    reach();
    if (route.request().method() === 'PATCH') await opened;
    // What was cancelled meanwhile is not to be sent.
    await route.continue().catch(() => undefined);
  };
  await page.route('**/files/*', wait);
  return {
    reached,
    open: async () => {
      open();
      await page.unroute('**/files/*', wait);
    },
  };
}

async function idOf(name: string): Promise<string> {
  const file = await site.node.core.db.file.findFirst({ where: { name }, orderBy: { createdAt: 'desc' } });
  return file?.id ?? '';
}

/** As Bea gets it. */
async function bytesOf(name: string): Promise<Buffer> {
  return (await bea.page.request.get(`${site.node.url}/files/${await idOf(name)}`)).body();
}

/** How many files this browser keeps. */
const keptFiles = ({ page }: Visitor) =>
  page.evaluate(async () => {
    const opening = indexedDB.open('shh');
    const db = await new Promise<IDBDatabase>((resolve) => {
      opening.onsuccess = () => resolve(opening.result);
    });
    const counting = db.transaction('files').objectStore('files').count();
    const count = await new Promise<number>((resolve) => {
      counting.onsuccess = () => resolve(counting.result);
    });
    db.close();
    return count;
  });
