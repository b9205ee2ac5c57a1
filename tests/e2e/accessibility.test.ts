import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpLink } from '../../api/instance/instance.ts';
import { upload } from '../files.ts';
import { listMessages, pin, react } from '../rooms.ts';
import { PASSWORD } from '../world.ts';
import { inhabit, photo, say } from './harbour.ts';
import { look, SIZES } from './look.ts';
import { openSite, PHONE, type Site } from './site.ts';

let site: Site;
let house: Awaited<ReturnType<typeof inhabit>>;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const ADMINISTRATION = [
  ['people', '@imani'],
  ['rooms', 'boat-shed'],
  ['invitations', 'Make an invitation link'],
  ['server', 'Who may make an account?'],
  ['storage', 'Database'],
  ['log', 'Only one person'],
] as const;

test.each(SIZES)('the first run can be used by everyone: $name', async ({ options }) => {
  const visitor = await site.visitor('Olga', options);
  const { page } = visitor;
  await page.goto((await setUpLink(site.node.core)) ?? '');
  await page.getByLabel('Username').waitFor();
  await look(visitor, 'setup');
  await page.getByLabel('Username').fill('olga');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Name this place' }).waitFor();
  await look(visitor, 'setup-place');
});

test('the house fills with people', async () => {
  house = await inhabit(site.node);
  const { nodes } = (await house.ada.graphql(...listMessages(house.kitchen))).room.messages;
  const [first] = nodes;
  for (const person of [house.ada, house.imani, house.sam]) await person.graphql(...react(first.id, '👍'));
  await house.ada.graphql(...react(first.id, '⛵'));
  await house.ada.graphql(...pin(first.id));
  await say(house.imani, house.kitchen, '@sam dry the vests, and tell @ada');
  const { noor, imani, kitchen } = house;
  const boat = await upload(noor, kitchen, { name: 'this-morning.jpg', bytes: await photo() });
  await say(noor, kitchen, 'Photo from this morning, no wind at all:', [boat]);
  const list = await upload(imani, kitchen, { name: 'packing-list-2025.pdf', bytes: Buffer.from('%PDF-1.7\n') });
  await say(imani, kitchen, 'And the list from last year.', [list]);
});

test.each(SIZES)('the door can be used by everyone: $name', async ({ options }) => {
  const visitor = await site.visitor('Somebody', options);
  const { page } = visitor;
  await page.goto('/login');
  await page.getByLabel('Email or username').fill('sam');
  await page.getByLabel('Password', { exact: true }).fill('not the right one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('do not belong together').waitFor();
  await look(visitor, 'login');
  await page.goto('/register');
  await page.getByRole('button', { name: 'Make my account' }).waitFor();
  await look(visitor, 'register');
});

test.each(SIZES)('no serious axe finding on any screen inside: $name', async ({ options }) => {
  const sam = await site.visitor('Sam', options);
  const { page } = sam;
  const narrow = options === PHONE;
  const press = (label: string | RegExp) => page.getByRole('button', { name: label }).first().click();
  await sam.signIn();
  await say(house.imani, house.imanis, 'Are you coming on Saturday?');
  await say(house.imani, house.imanis, 'There is room for one more.');
  await page.getByRole('heading', { name: 'Waiting for you' }).waitFor();
  await look(sam, 'list');
  await page.goto('/waiting');
  await page.getByRole('link', { name: /Imani/ }).waitFor();
  await look(sam, 'waiting');

  await page.goto(`/r/${house.kitchen}`);
  await sam.sees('dry the vests');
  await sam.log.locator('img.loaded').waitFor();
  await look(sam, 'room');
  await sam.attach({ name: 'tides.txt', mimeType: 'text/plain', buffer: Buffer.from('high at nine') });
  await sam.attach({ name: 'jetty.jpg', mimeType: 'image/jpeg', buffer: await photo() });
  await page.getByRole('button', { name: 'Remove jetty.jpg' }).waitFor();
  await look(sam, 'attached');
  for (const file of ['tides.txt', 'jetty.jpg']) await press(`Remove ${file}`);
  await press('Open this-morning.jpg');
  await page.getByRole('dialog', { name: 'Image' }).getByRole('img', { name: 'this-morning.jpg' }).waitFor();
  await look(sam, 'viewer');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByRole('searchbox').waitFor();
  await look(sam, 'search');
  await page.getByRole('searchbox').fill('vests');
  await page
    .getByRole('link', { name: /dry the vests/ })
    .first()
    .waitFor();
  await look(sam, 'found');
  await press('Close search');
  await press(narrow ? /people, show details/ : 'Details');
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
  await look(sam, 'details');
  await press(/^Ada Lindqvist/);
  await page.getByRole('dialog', { name: 'Ada Lindqvist' }).getByRole('button', { name: 'Block' }).waitFor();
  await look(sam, 'person');
  await page.keyboard.press('Escape');
  await press('Close details');
  const pinned = sam.row('tide table');
  if (narrow) await pinned.dispatchEvent('pointerdown', { pointerType: 'touch', isPrimary: true });
  else {
    await pinned.hover();
    await pinned.getByRole('button', { name: 'More' }).click();
  }
  await page.getByRole('dialog', { name: 'Message' }).getByRole('button', { name: 'Who reacted' }).waitFor();
  await look(sam, 'menu');
  await press('Who reacted');
  await page.getByRole('dialog', { name: 'Reactions' }).waitFor();
  await look(sam, 'reactors');
  await page.keyboard.press('Escape');

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('bo');
  await page.getByRole('option', { name: /boat-shed/ }).waitFor();
  await look(sam, 'palette');
  await page.getByRole('combobox').fill('>');
  await page.getByRole('option', { name: 'New room' }).waitFor();
  await look(sam, 'commands');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+/');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await look(sam, 'keys');
  await page.keyboard.press('Escape');

  await page.goto('/');
  for (const [button, dialog] of [
    ['New room', 'New room'],
    ['Find a room', 'Find a room'],
    ['Write to someone', 'Write to someone'],
  ] as const) {
    await press(button);
    await page.getByRole('dialog', { name: dialog }).waitFor();
    if (dialog !== 'New room') await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    await look(sam, dialog.toLowerCase().replaceAll(' ', '-'));
    await page.keyboard.press('Escape');
  }
  await press('Hush');
  await page.getByRole('button', { name: 'For an hour' }).waitFor();
  await look(sam, 'hush');
  await press('For an hour');
  await look(sam, 'hushed');

  await page.goto(`/r/${house.porch}`);
  await page.getByRole('heading', { name: 'It is quiet in here' }).waitFor();
  await look(sam, 'empty');
  await page.goto(`/r/${house.garden}`);
  await page.getByRole('button', { name: 'Join greenhouse' }).waitFor();
  await look(sam, 'join');
  await page.goto('/r/01890000-0000-7000-8000-000000000000');
  await page.getByRole('heading', { name: 'There is no room here for you' }).waitFor();
  await look(sam, 'no-room');
  await page.goto('/settings');
  await page.getByText('a hash of it').waitFor();
  await look(sam, 'settings');

  await site.node.core.db.user.updateMany({ where: { id: house.sam.id }, data: { isAdmin: true } });
  for (const [part, sign] of ADMINISTRATION) {
    await page.goto(`/admin/${part}`);
    await page.getByRole('main').getByText(sign).first().waitFor();
    await look(sam, `admin-${part}`);
  }

  await page.goto(`/r/${house.kitchen}`);
  await sam.sees('dry the vests');
  await sam.context.setOffline(true);
  await page.getByText('You are offline').first().waitFor();
  await look(sam, 'offline');
  await sam.context.close();
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
