import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;
/** Every frame and request in which Bea's browser tells of her. */
const told: string[] = [];

beforeAll(async () => {
  site = await openSite();
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  bea.context.on('page', record);
  record(bea.page);
  await ada.register();
  await bea.register();
  room = await ada.createRoom('kitchen-table');
  await bea.joinByLink(room);
});
afterAll(() => site?.close());

function record(page: Visitor['page']) {
  const note = (text: string | null) => {
    const [operation] = /(subscription Presence|mutation SetTyping)\b/.exec(text ?? '') ?? [];
    if (operation) told.push(operation);
  };
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => note(String(payload))));
  page.on('request', (request) => note(request.postData()));
}

const openDetails = (visitor: Visitor) => visitor.page.getByRole('button', { name: 'Details', exact: true }).click();
const member = (visitor: Visitor, name: string) =>
  visitor.page.getByRole('complementary', { name: 'Details' }).getByRole('listitem').filter({ hasText: name });

test('Ada sees that Bea is here: among the members, in the list, and above their conversation', async () => {
  await openDetails(ada);
  await member(ada, 'Bea').getByText('here now').waitFor();
  await ada.picture('here-members-light-1280');
  await ada.page.getByRole('button', { name: 'Write to someone' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Write Bea' }).click();
  await ada.page.getByRole('main').getByText('Here now').waitFor();
  await ada.page.getByRole('link', { name: /Bea.*here now/ }).waitFor();
  await ada.picture('here-direct-light-1280');
  expect(told).toContain('subscription Presence');
});

test('Off means no event leaves my browser.', async () => {
  await ada.page.goto(room);
  await openDetails(ada);
  await member(ada, 'Bea').getByText('here now').waitFor();
  const settings = await bea.context.newPage();
  await settings.goto('/settings');
  const presence = settings.getByRole('switch', { name: 'Show others when I am here' });
  const typing = settings.getByRole('switch', { name: 'Show others when I am typing' });
  await presence.focus();
  await settings.keyboard.press('Space');
  await typing.click();
  for (const one of [presence, typing]) expect(await one.getAttribute('aria-checked')).toBe('false');
  await member(ada, 'Bea').getByText('here now').waitFor({ state: 'detached' });
  told.length = 0;

  await bea.composer.pressSequentially('Nobody sees me type this', { delay: 120 });
  await bea.composer.press('Enter');
  await ada.sees('Nobody sees me type this');
  await bea.page.reload();
  await bea.sees('Nobody sees me type this');
  await bea.composer.pressSequentially('nor this', { delay: 120 });
  await openDetails(bea);
  await member(bea, 'Ada').waitFor();
  expect(await member(bea, 'Ada').getByText('here now').count()).toBe(0);
  expect(told).toEqual([]);
});

test('switched on again, she is seen at once', async () => {
  const [, settings] = bea.context.pages();
  await settings?.getByRole('switch', { name: 'Show others when I am here' }).click();
  await member(ada, 'Bea').getByText('here now').waitFor();
  await member(bea, 'Ada').getByText('here now').waitFor();
  expect(new Set(told)).toEqual(new Set(['subscription Presence']));
  await settings?.screenshot({ path: 'tests/screenshots/settings-shown.png' });
});

test('nothing was asked of another host, and no policy was broken', () => {
  expect(site.complaints()).toEqual([]);
});
