import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;

beforeAll(async () => {
  site = await openSite();
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea', { ...PHONE, colorScheme: 'dark' })];
});
afterAll(() => site?.close());

test('Ada and Bea register, and each is inside at once', async () => {
  await ada.register();
  await bea.register();
  expect(new URL(ada.page.url()).pathname).toBe('/');
  await ada.picture('home-light-1280');
  await bea.picture('home-dark-360');
});

test('Ada makes a room, and Bea joins it by its link', async () => {
  room = await ada.createRoom('kitchen-table');
  await bea.joinByLink(room);
});

test('they talk, and each sees the other’s words at once', async () => {
  await ada.say('Shall we take the small boat out on Saturday?');
  await bea.sees('small boat');
  await bea.say('In. I bring the blue cooler.');
  await ada.sees('blue cooler');
  await ada.log.getByText('Bea joined').waitFor();
  expect(await ada.reads()).toEqual(await bea.reads());
  await ada.picture('room-light-1280');
  await bea.picture('room-dark-360');
});

test('Bea sees that Ada is typing, and no longer once she has sent it', async () => {
  await ada.composer.pressSequentially('And the list from last year', { delay: 150 });
  const strip = bea.page.locator('.typing');
  await strip.getByText('is typing').waitFor();
  await ada.composer.press('Enter');
  await bea.sees('list from last year');
  await strip.getByText('is typing').waitFor({ state: 'detached' });
});

test('Ada writes offline, and it is sent once, in order, when she is back', async () => {
  await ada.context.setOffline(true);
  await ada.page.getByText('You are offline').waitFor();
  for (const text of ['first while away', 'second while away', 'third while away']) await ada.say(text);
  await ada.log.getByText('Sending').first().waitFor();
  for (const text of ['one from Bea', 'two from Bea']) await bea.say(text);
  await bea.sees('two from Bea');
  await ada.picture('offline-light-1280');
  await ada.context.setOffline(false);
  await ada.sees('two from Bea');
  await bea.sees('third while away');
  await ada.sees('third while away');
  const said = await ada.reads();
  expect(said.filter((text) => text.includes('while away'))).toEqual([
    'first while away',
    'second while away',
    'third while away',
  ]);
  expect(await bea.reads()).toEqual(said);
});

test('what Ada wrote offline is sent after she closes the page and comes back', async () => {
  await ada.context.setOffline(true);
  await ada.page.getByText('You are offline').waitFor();
  await ada.say('written before the tab was closed');
  await ada.log.getByText('Sending').first().waitFor();
  await ada.page.goto('about:blank');
  await ada.context.setOffline(false);
  await ada.page.goto(room);
  await bea.sees('written before the tab was closed');
  await ada.sees('written before the tab was closed');
  expect((await bea.reads()).filter((text) => text.includes('before the tab'))).toHaveLength(1);
});

test('Ada changes and deletes what she wrote, and Bea sees it', async () => {
  await ada.say('this has a tpyo');
  await bea.sees('this has a tpyo');
  await ada.composer.press('ArrowUp');
  await ada.page.getByRole('textbox').last().fill('this had a typo');
  await ada.page.keyboard.press('Enter');
  await bea.sees('this had a typo');
  await bea.log.getByText('edited').waitFor();
  await ada.log.locator('.msg').filter({ hasText: 'this had a typo' }).hover();
  await ada.page.getByRole('button', { name: 'More' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await bea.log.getByText('Message deleted').waitFor();
  expect((await bea.reads()).join()).not.toContain('typo');
});

test('a script that Ada pastes shows as text, and a link opens safely', async () => {
  await ada.say(
    '<img src=x onerror="document.title=1"> <script>alert(1)</script> https://example.org/a?b=1 javascript:alert(1)',
  );
  await bea.sees('onerror');
  const link = bea.log.getByRole('link', { name: 'https://example.org/a?b=1' });
  expect(await link.getAttribute('rel')).toContain('noopener');
  expect(await bea.log.getByRole('link').count()).toBe(1);
  expect(await bea.log.locator('img, script').count()).toBe(0);
});

test('a conversation longer than the screen is whole after a reload', async () => {
  const token = (await ada.context.cookies()).find((cookie) => cookie.name === 'access_token')?.value;
  const send = (n: number) =>
    fetch(`${site.node.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }',
        variables: { input: { id: crypto.randomUUID(), roomId: room.split('/')[2], body: `line ${n}` } },
      }),
    });
  for (let n = 1; n <= 40; n++) await send(n);
  await bea.sees('line 40');
  await bea.page.reload();
  await bea.sees('line 40');
  const numbers = (await bea.reads()).filter((text) => /^line \d+$/.test(text)).map((text) => Number(text.slice(5)));
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
});

test('Ada deletes the room, and it is gone from Bea’s screen', async () => {
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.picture('details-light-1280');
  await ada.page.getByRole('button', { name: /Delete/ }).click();
  await ada.page
    .getByRole('dialog')
    .getByRole('button', { name: /Delete/ })
    .click();
  await ada.page.waitForURL((url) => url.pathname === '/');
  await bea.page.getByRole('link', { name: 'kitchen-table' }).waitFor({ state: 'detached' });
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
