import { join } from 'node:path';
import type { Locator, Page, Worker } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPushService } from '../services/pushService.ts';
import { packedSize, scripts, weigh } from '../weight.ts';
import { PASSWORD } from '../world.ts';
import { copyOfBuild } from './builds.ts';
import { inhabit, say } from './harbour.ts';
import { look } from './look.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let house: Awaited<ReturnType<typeof inhabit>>;
let sam: Visitor;
let pushes: Awaited<ReturnType<typeof openPushService>>;
const build = copyOfBuild();
const { web } = build;

beforeAll(async () => {
  pushes = await openPushService();
  site = await openSite({ OUTGOING_ORIGINS: pushes.url }, web);
  house = await inhabit(site.node);
  sam = await site.visitor('Sam', { permissions: ['notifications'] });
  await sam.signIn();
  await sam.page.getByRole('link', { name: /Kenji Mori/ }).waitFor();
});
afterAll(async () => {
  await site?.close();
  pushes?.close();
  build.remove();
});

const focused = () =>
  sam.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName);
const heading = (name: string) => sam.page.getByRole('heading', { level: 1, name }).waitFor();

test('the skip link is the first stop, and leads past the list', async () => {
  const { page } = sam;
  await page.goto('/settings');
  await heading('Settings');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the conversation');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
});

test('Sam goes to a room with the palette, and Escape gives the focus back', async () => {
  const { page } = sam;
  await page.getByRole('link', { name: 'Settings' }).focus();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('combobox').waitFor({ state: 'detached' });
  expect(await focused()).toBe('Settings');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('kitch');
  await page.keyboard.press('Enter');
  await heading('kitchen-table');
});

test('the palette finds what was said, and leads to it', async () => {
  const { page } = sam;
  await page.goto('/settings');
  await heading('Settings');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('thermos');
  await page.getByRole('option', { name: /the good thermos.*kitchen-table/ }).waitFor();
  await sam.picture('palette-messages-light-1280');
  await page.keyboard.press('Enter');
  await heading('kitchen-table');
  await sam.log.locator('.msg.found').filter({ hasText: 'the good thermos' }).waitFor();
});

test('a name is found without its accents, and @ asks for people only', async () => {
  const { page } = sam;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('@tomas');
  await page.getByRole('option', { name: /Tomás Rivera/ }).waitFor();
  expect(await page.getByText('Rooms to join').count()).toBe(0);
  await page.keyboard.press('Escape');
});

test('Follows the system and can be set.', async () => {
  const { page } = sam;
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expect.poll(paper).not.toBe(light);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await expect.poll(paper).toBe(light);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('>dark');
  await page.keyboard.press('Enter');
  await page.locator(':root[data-theme="dark"]').waitFor();
  await expect.poll(paper).not.toBe(light);
});

test('Alt and the arrows go from room to room, with Shift from unread to unread', async () => {
  const { page } = sam;
  await say(house.kenji, house.boats, 'the winch is fixed');
  await page.getByRole('link', { name: /boat-shed.*something new/ }).waitFor();
  await page.keyboard.press('Alt+Shift+ArrowUp');
  await page.waitForURL(new RegExp(house.boats));
  await sam.sees('the winch is fixed');
  await page.keyboard.press('Alt+ArrowDown');
  await page.waitForURL((url) => !url.pathname.endsWith(house.boats));
  await page.keyboard.press('Alt+ArrowUp');
  await page.waitForURL(new RegExp(house.boats));
});

test('Ctrl and / show the map of the keys', async () => {
  await sam.page.keyboard.press('Control+/');
  await sam.page.getByRole('dialog', { name: 'Keys' }).getByText('Room above, room below').waitFor();
  await sam.page.keyboard.press('Escape');
  await sam.page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the title tells how much waits and where one is: (1) room - shh', async () => {
  await say(house.imani, house.imanis, 'Are you coming on Saturday?');
  await sam.page.getByRole('link', { name: /Imani Okafor.*waiting for you/ }).waitFor();
  await sam.page.waitForFunction(() => /^\(\d+\) boat-shed - shh$/.test(document.title));
});

test('focus is not lost when Sam removes somebody from a room', async () => {
  const { page } = sam;
  await page.goto(`/r/${house.porch}`);
  await heading('porch');
  await house.ada.graphql('mutation ($id: ID!) { joinRoom(id: $id) { id } }', { id: house.porch });
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Manage Ada Lindqvist' }).click();
  for (const dialog of ['Ada Lindqvist', 'Remove Ada Lindqvist?'])
    await page
      .getByRole('dialog', { name: dialog, exact: true })
      .getByRole('button', { name: 'Remove from room' })
      .click();
  await page.getByRole('button', { name: 'Manage Ada Lindqvist' }).waitFor({ state: 'detached' });
  expect(await focused()).toBe('Members');
  await page.getByRole('button', { name: 'Close details' }).click();
  expect(await focused()).toBe('Details');
});

test('on a phone the details are a screen of their own, from which Back leads to the room', async () => {
  const phone = await site.visitor('Sam', PHONE);
  await phone.signIn();
  await phone.page.goto(`/r/${house.porch}`);
  await phone.page.getByRole('button', { name: 'Details', exact: true }).click();
  await phone.page.getByRole('complementary', { name: 'Details' }).waitFor();
  await phone.page.goBack();
  await phone.page.getByRole('complementary', { name: 'Details' }).waitFor({ state: 'detached' });
  await phone.composer.waitFor();
  await phone.context.close();
});

test('notices are asked for by a switch, say who and where but not what, and obey Hush', async () => {
  const { page } = sam;
  await page.addInitScript(() => {
    document.hasFocus = () => false;
  });
  await page.goto('/settings');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.getByText('Who and where').click();
  await page.getByRole('button', { name: 'Hush' }).click();
  await page.getByRole('button', { name: 'Until I end it' }).click();
  await page.getByText('Hushed', { exact: true }).first().waitFor();
  await say(house.kenji, house.boats, 'nobody hears this');
  await page.getByRole('link', { name: /boat-shed.*something new/ }).waitFor();
  await page.getByRole('button', { name: 'End it now' }).click();
  const asked = page.evaluate(
    () =>
      new Promise((resolve) => {
        ServiceWorker.prototype.postMessage = (message: unknown) => resolve(message);
      }),
  );
  await say(house.kenji, house.boats, 'come and look');
  expect(await asked).toMatchObject({
    title: 'Kenji Mori in boat-shed',
    options: { body: 'New message', tag: house.boats },
    path: `/r/${house.boats}`,
  });
});

test('with every tab closed it says “New message in a room”, and a click on that opens the room', async () => {
  const { page } = sam;
  const browser = pushes.browser();
  // This Chromium has no push service of its maker: ours takes its place.
  await page.addInitScript(({ endpoint, ...keys }) => {
    const subscription = { toJSON: () => ({ endpoint, keys }), unsubscribe: async () => true, options: {} };
    PushManager.prototype.getSubscription = async () => null;
    PushManager.prototype.subscribe = async () => subscription as unknown as PushSubscription;
  }, browser.subscription);
  await page.goto('/settings');
  const registered = page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const also = page.getByRole('switch', { name: 'Also while shh is closed' });
  await also.click();
  await expect.poll(() => site.node.core.db.pushSubscription.count(), { timeout: 20_000 }).toBe(1);
  await sam.picture('settings-notifications-dark-1280');
  expect(await registered).toBe(true);
  await page.goto('about:blank');
  // Nor has it a place for notices or a number on an icon: its worker ends when it is asked for one.
  const worker = sam.context.serviceWorkers()[0] as Worker;
  await worker.evaluate(() => {
    const { registration, navigator } = self as any;
    registration.showNotification = async (title: string, options: object) =>
      Object.assign(self, { shown: { title, ...options } });
    navigator.setAppBadge = async (badge: number) => Object.assign(self, { badge });
  });
  await say(house.kenji, house.boats, 'the mast is up');
  await expect.poll(() => browser.pushes.length, { timeout: 40_000 }).toBe(1);
  const [{ data } = { data: null }] = browser.pushes;
  await worker.evaluate((pushed) => {
    dispatchEvent(new (self as any).PushEvent('push', { data: JSON.stringify(pushed) }));
  }, data);
  await expect
    .poll(() => worker.evaluate(() => (self as any).shown))
    .toMatchObject({ title: 'New message in a room', body: 'Open shh to read it.', tag: house.boats });
  expect(await worker.evaluate(() => (self as any).badge)).toBeGreaterThan(0);
  await page.goto('/settings');
  await page.getByLabel('Rooms and people').waitFor();
  await worker.evaluate(() => {
    const click = new (self as any).ExtendableEvent('notificationclick');
    dispatchEvent(Object.assign(click, { notification: { ...(self as any).shown, close: () => {} } }));
  });
  await heading('boat-shed');
  await page.goto('/settings');
  await also.click();
  await expect.poll(async () => await site.node.core.db.pushSubscription.count()).toBe(0);
});

test('the page can be installed', async () => {
  const manifest = await (await fetch(`${site.node.url}/manifest.webmanifest`)).json();
  expect(manifest).toMatchObject({ start_url: '/', display: 'standalone' });
  for (const { src } of manifest.icons) {
    const answer = await fetch(site.node.url + src);
    expect(answer.headers.get('content-type')).toMatch(/^image\//);
  }
  expect(manifest.icons.some(({ purpose }: { purpose?: string }) => purpose === 'maskable')).toBe(true);
  const worker = await fetch(`${site.node.url}/sw.js`);
  expect(worker.headers.get('cache-control')).toBe('no-cache');
});

test('without a network the page opens, with the rooms that it had', async () => {
  const { page } = sam;
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.reload();
  await page.getByRole('link', { name: /kitchen-table/ }).waitFor();
  await page.waitForFunction(() => Object.keys(localStorage).some((name) => name.startsWith('rooms ')));
  await sam.context.setOffline(true);
  await page.reload();
  await page.getByRole('link', { name: /kitchen-table/ }).click();
  await heading('kitchen-table');
  await page.getByText('You are offline').waitFor();
  await sam.context.setOffline(false);
  await page.getByText('You are offline').waitFor({ state: 'detached' });
});

test('who has only just registered comes back without a network, too', async () => {
  const noa = await site.visitor('Noa');
  await noa.register();
  await noa.page.evaluate(() => navigator.serviceWorker.ready);
  await noa.context.setOffline(true);
  await noa.page.reload();
  await noa.page.getByLabel('Rooms and people').waitFor();
  await noa.context.close();
});

test('the service worker keeps the files of the build, and no answer of the server', async () => {
  const kept = await sam.page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(kept).toContain('/');
  const own = /^\/(assets\/.*|icon\.svg|manifest\.webmanifest|\.well-known\/app-manifest\.json|installed|chosen)?$/;
  expect(kept.filter((path) => !own.test(path))).toEqual([]);
  expect(kept.filter((path) => /graphiql|monaco/.test(path))).toEqual([]);
});

test('a new version says so, and comes when Sam asks for it', async () => {
  const { page } = sam;
  build.become('the next one');
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await page.getByText('Update ready').waitFor();
  await sam.picture('update-dark-1280');
  const [, loaded] = await Promise.all([
    page.getByRole('button', { name: 'Load it' }).click(),
    page.waitForEvent('load').then(() => true),
  ]);
  expect(loaded).toBe(true);
  await heading('kitchen-table');
  expect(await page.getByText('Update ready').count()).toBe(0);
});

/** The rest of the keys have tests of their own in this folder, and every screen its look in accessibility.test.ts. */
test('Every act without a mouse; new messages are announced; no serious axe finding.', async () => {
  const noor = await site.visitor('Noor', { serviceWorkers: 'block' });
  const { page } = noor;
  const { keyboard } = page;
  await page.addInitScript(() => {
    for (const kind of ['pointerdown', 'mousedown', 'touchstart'])
      addEventListener(kind, () => Promise.reject(new Error(`${kind}: a mouse`)), true);
  });
  await page.goto('/login');
  await tabTo(page, page.getByLabel('Email or username'));
  await keyboard.type('noor');
  await tabTo(page, page.getByLabel('Password', { exact: true }));
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await page.getByRole('link', { name: /kitchen-table/ }).waitFor();
  await keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await keyboard.type('kitch');
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'kitchen-table' }).waitFor();
  await noor.sees('dry the vests');

  await tabTo(page, noor.composer);
  await keyboard.type('written with kays');
  await keyboard.press('Enter');
  await noor.sees('written with kays');
  await keyboard.press('ArrowUp');
  await page.getByRole('button', { name: 'Save' }).waitFor();
  for (let n = 0; n < 4; n++) await keyboard.press('Backspace');
  await keyboard.type('keys');
  await keyboard.press('Enter');
  await noor.row('written with keys').getByText('edited').waitFor();
  await tabTo(page, noor.log.locator('.msg[tabindex="0"]'), 'Shift+Tab');
  await keyboard.press('End');
  await keyboard.press('e');
  await page.getByRole('searchbox', { name: 'Find an emoji' }).waitFor();
  await keyboard.type('sailboat');
  await page.getByRole('region', { name: 'Found' }).getByRole('button').first().waitFor();
  await keyboard.press('Enter');
  await noor
    .row('written with keys')
    .getByRole('button', { name: /1, from you/ })
    .waitFor();
  await tabTo(page, noor.row('written with keys').getByRole('button', { name: 'More' }));
  await keyboard.press('Enter');
  const menu = page.getByRole('dialog', { name: 'Message' });
  await tabTo(page, menu.getByRole('button', { name: 'Delete' }), 'ArrowDown');
  await keyboard.press('Enter');
  await page.getByText('Delete this message?').waitFor();
  await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Delete' }));
  await keyboard.press('Enter');
  await noor.log.getByText('Message deleted').waitFor();

  await say(house.ada, house.kitchen, 'the kettle is on');
  await page
    .locator('[aria-live="polite"]')
    .getByText('Ada Lindqvist: the kettle is on')
    .waitFor({ state: 'attached' });
  await look(noor, 'keys-only');
  await noor.context.close();
});

async function tabTo(page: Page, place: Locator, key = 'Tab') {
  const isThere = () => place.evaluate((one) => one === document.activeElement);
  for (let step = 0; step < 80 && !(await isThere()); step++) await page.keyboard.press(key);
  expect(await isThere()).toBe(true);
}

const SHAPES = [
  { name: '320', rtl: false, options: { ...PHONE, viewport: { width: 320, height: 640 } } },
  { name: 'zoom-200', rtl: false, options: { viewport: { width: 640, height: 400 } } },
  { name: '768', rtl: false, options: { viewport: { width: 768, height: 1024 } } },
  { name: '1440', rtl: false, options: { viewport: { width: 1440, height: 900 } } },
  { name: 'rtl-1280', rtl: true, options: {} },
  { name: 'rtl-360', rtl: true, options: PHONE },
  { name: 'forced-colours-1280', rtl: false, options: { forcedColors: 'active' as const } },
];

const ringOfFocus = () => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement as Element);
  return [outlineStyle, outlineWidth];
};

test.each(SHAPES)(
  'nothing is cut off or scrolls sideways, and the focus has its ring: $name',
  async ({ name, rtl, options }) => {
    const visitor = await site.visitor('Sam', options);
    const { page } = visitor;
    if (rtl)
      await page.addInitScript(() => document.addEventListener('readystatechange', () => (document.dir = 'rtl')));
    await visitor.signIn();
    const look = async (screen: string) => {
      await visitor.picture(`${screen}-${name}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), screen).toBeLessThanOrEqual(
        0,
      );
    };
    await page.getByRole('link', { name: /kitchen-table/ }).waitFor();
    await look('list');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(ringOfFocus)).toEqual(['solid', '2px']);
    await page.goto(`/r/${house.kitchen}`);
    await visitor.sees('dry the vests');
    await look('room');
    await page.getByRole('button', { name: 'Details', exact: true }).click();
    await page.getByRole('complementary', { name: 'Details' }).waitFor();
    await look('details');
    await page.goto('/settings');
    await page.getByText('a hash of it').first().waitFor();
    await look('settings');
    await page.keyboard.press('Control+k');
    await page.getByRole('option').first().waitFor();
    await look('palette');
    await visitor.context.close();
  },
);

test('the door is 50 kB of script, a room 100 kB and 12 kB of style, the font 25 kB, what comes later 45 kB, and the keeper of keys 60 kB', async () => {
  const [guest, member] = [await site.visitor('Sam'), await site.visitor('Sam')];
  await member.context.addCookies(await sam.context.cookies());
  const door = await weigh(guest.page, '/login', web);
  expect(door.js).toBeLessThanOrEqual(50_000);
  expect(door.woff2).toBeLessThanOrEqual(25_000);
  const room = await weigh(member.page, `/r/${house.kitchen}`, web);
  expect(room.js).toBeLessThanOrEqual(100_000);
  expect(room.css).toBeLessThanOrEqual(12_000);
  const later = scripts(web).filter((file) => ![...door.loaded, ...room.loaded].includes(file));
  const most = (file: string) => (file.includes('/crypto-') ? 60_000 : 45_000);
  expect(later.filter((file) => packedSize(join(web, file)) > most(file))).toEqual([]);
  await guest.context.close();
  await member.context.close();
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
