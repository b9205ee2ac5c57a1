import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from './look.ts';
import { LAN, openSite, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
/** Bea's other browser, to which the server has an address without https. */
let plain: Visitor;
let conversation: string;
const failures: string[] = [];

beforeAll(async () => {
  site = await openSite({ ALLOWED_HOSTS: LAN });
  const address = new URL(site.node.url);
  address.hostname = LAN;
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  plain = await site.visitor('Bea', { baseURL: address.origin });
  plain.page.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error' && !isRemark(url, message.text())) failures.push(`${url}: ${message.text()}`);
  });
  for (const one of [bea, ada]) {
    await one.register();
    await one.hasKeys();
  }
  await ada.createRoom('harbour-square');
  conversation = await ada.writeTo('Bea');
  await ada.say('the tide turns at four');
  await ada.sees('the tide turns at four');
});
afterAll(() => site?.close());

// What the browser says of a header that means nothing without https, and of a build that is not signed.
const isRemark = (url: string, text: string) =>
  text.startsWith('The Cross-Origin-Opener-Policy header has been ignored') || url.endsWith('/app-manifest.sig');

test('at an address without https Bea signs in, and talks in a room that is not encrypted', async () => {
  const { page } = plain;
  await plain.signIn();
  expect(await page.evaluate(() => [isSecureContext, location.protocol])).toEqual([false, 'http:']);
  const room = (await ada.asks('{ publicRooms { nodes { id } } }')).data.publicRooms.nodes[0].id;
  await plain.joinByLink(`/r/${room}`);
  await plain.say('from a kitchen without https');
  await ada.page.goto(`/r/${room}`);
  await ada.sees('from a kitchen without https');
  await ada.say('heard in the hall');
  await plain.sees('heard in the hall');
});

test('an encrypted conversation says that it needs https and what to do, shows nothing and takes nothing', async () => {
  const { page } = plain;
  await page.goto(conversation);
  await page.getByText('Encrypted conversations need a page that is served over https').first().waitFor();
  await look(plain, 'encrypted-without-https');
  expect(await page.content()).not.toContain('the tide turns');
  expect(await plain.composer.count()).toBe(0);
  expect(await page.locator('.bones').count()).toBe(0);
});

test('a new private room is said to be not encrypted before it is made', async () => {
  const { page } = plain;
  await page.goto('/');
  await page.getByRole('button', { name: 'New room' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('People who are added').click();
  await dialog.getByText('This room will not be encrypted: whoever runs this server can read it.').waitFor();
  expect(await dialog.getByRole('switch', { name: 'End-to-end encrypted' }).count()).toBe(0);
  await page.keyboard.press('Escape');
});

test('settings and a reload work there too, and nothing failed in a page', async () => {
  const { page } = plain;
  await page.goto('/settings');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(failures).toEqual([]);
  expect(site.complaints()).toEqual([]);
});
