import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../world.ts';
import { inhabit, say } from './harbour.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let house: Awaited<ReturnType<typeof inhabit>>;
let desk: Visitor;
let phone: Visitor;

const PATIENT = { timeout: 20_000 };
/** As the page promises it; where nothing is promised, a busy machine may take its time. */
const SOON = { timeout: 2_000 };

beforeAll(async () => {
  site = await openSite();
  house = await inhabit(site.node);
  [desk, phone] = [await site.visitor('Sam'), await site.visitor('Sam', PHONE)];
  for (const visitor of [desk, phone]) {
    await visitor.signIn();
    await row(visitor, 'kitchen-table').waitFor();
  }
});
afterAll(() => site?.close());

const row = (visitor: Visitor, name: string) => visitor.page.getByRole('link', { name: new RegExp(`^${name}`) });
const both = (look: (visitor: Visitor) => Promise<unknown>) => Promise.all([desk, phone].map(look));
const waits =
  (name: string, count: number, how = PATIENT) =>
  (visitor: Visitor) =>
    visitor.page.getByRole('link', { name: new RegExp(`^${name}.*, ${count} waiting for you`) }).waitFor(how);
const isNew =
  (name: string, how = PATIENT) =>
  (visitor: Visitor) =>
    visitor.page.getByRole('link', { name: new RegExp(`^${name}.*, something new`) }).waitFor(how);
const isQuiet =
  (name: string, how = PATIENT) =>
  async (visitor: Visitor) => {
    const loud = new RegExp(`^${name}.*(waiting for you|something new)`);
    await visitor.page.getByRole('link', { name: loud }).waitFor({ state: 'detached', ...how });
    await row(visitor, name).waitFor();
  };
const titled = (title: RegExp) => (visitor: Visitor) =>
  visitor.page.waitForFunction(
    ([source]) => new RegExp(source as string).test(document.title),
    [title.source],
    PATIENT,
  );

async function sayAll(by: Person, roomId: string, texts: string[]) {
  for (const text of texts) await say(by, roomId, text);
}

test('what was said before counts in a browser that was never here, as everywhere', async () => {
  await both(waits('Kenji Mori', 1));
  await both(waits('Ada Lindqvist', 1));
  await both(isNew('book-club'));
  await both(titled(/^\(2\)/));
});

describe('Numbers agree on two devices within 2 seconds; reading on one clears the other; never stuck.', () => {
  test('they agree', async () => {
    await sayAll(house.imani, house.imanis, ['Are you coming', 'on Saturday?', 'Bring the list']);
    await both(waits('Imani Okafor', 3, SOON));
    await both(titled(/^\(5\)/));
    await say(house.kenji, house.boats, 'the winch is fixed');
    await both(isNew('boat-shed', SOON));
    await desk.picture('unread-light-1280');
    await phone.picture('unread-light-360');
  });

  test('read in one place, they are read in the other', async () => {
    await row(desk, 'Imani Okafor').click();
    await desk.sees('Bring the list');
    await both(isQuiet('Imani Okafor', SOON));
    await titled(/^\(2\)/)(phone);
    await row(phone, 'boat-shed').click();
    await phone.sees('the winch is fixed');
    await isQuiet('boat-shed', SOON)(desk);
    await phone.page.goBack();
    await isQuiet('boat-shed')(phone);
  });
});

test('what arrives in the room that Sam reads does not wait for Sam', async () => {
  await say(house.imani, house.imanis, 'And the rope');
  await desk.sees('And the rope');
  expect(await desk.page.title()).toBe('(2) Imani Okafor - shh');
  await both(isQuiet('Imani Okafor'));
});

test('who answers has read what was before', async () => {
  await desk.page.goto('/');
  await row(desk, 'Kenji Mori').waitFor();
  const mine = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
  const kenjis = await desk.page.getByRole('link', { name: /^Kenji Mori/ }).getAttribute('href');
  const input = { id: crypto.randomUUID(), roomId: kenjis?.split('/').at(-1), body: 'You are welcome' };
  await house.sam.graphql(mine, { input });
  await both(isQuiet('Kenji Mori'));
});

test('a device that was away is right again when it is back', async () => {
  await phone.context.setOffline(true);
  await phone.page.getByText('You are offline').waitFor();
  await sayAll(house.kenji, house.boats, ['one', 'two']);
  await say(house.imani, house.imanis, 'still there?');
  await waits('Imani Okafor', 1)(desk);
  await row(desk, 'boat-shed').click();
  await desk.sees('two');
  await isQuiet('boat-shed')(desk);
  await phone.context.setOffline(false);
  await phone.page.getByText('You are offline').waitFor({ state: 'detached' });
  await waits('Imani Okafor', 1)(phone);
  await isQuiet('boat-shed')(phone);
});

test('Muted room: no badge sound; mention still counts if chosen.', async () => {
  const { page } = desk;
  await row(desk, 'book-club').click();
  await desk.sees('no spoilers');
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  const level = page.getByRole('group', { name: 'Tell me about' });
  await level.getByText('Nothing').click();
  await both((visitor) => visitor.page.getByRole('link', { name: /^book-club.*, muted/ }).waitFor());
  await desk.picture('muted-light-1280');
  await row(desk, 'kitchen-table').click();
  await say(house.noor, house.books, 'chapter ten');
  await say(house.kenji, house.boats, 'the tide is in');
  await both(isNew('boat-shed'));
  await both(isQuiet('book-club'));
  await row(desk, 'book-club').click();
  await desk.sees('chapter ten');
  await level.getByText('Mentions').click();
  await row(desk, 'kitchen-table').click();
  await say(house.noor, house.books, '@sam chapter eleven is yours');
  await both(waits('book-club', 1));
  await row(desk, 'book-club').click();
  await desk.sees('is yours');
  await both(isQuiet('book-club'));
  await level.getByText('Everything').click();
  await row(desk, 'kitchen-table').click();
  await say(house.noor, house.books, 'chapter twelve');
  await both(isNew('book-club'));
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
