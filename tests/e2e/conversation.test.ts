import { afterAll, beforeAll, expect, test } from 'vitest';
import { tablesWith } from '../rooms.ts';
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

test('Write three messages offline, close the tab, open it online: three messages, in order, once.', async () => {
  await ada.context.setOffline(true);
  await ada.page.getByText('You are offline').waitFor();
  const written = ['one', 'two', 'three'].map((n) => `${n} before the tab was closed`);
  for (const text of written) await ada.say(text);
  await ada.log.getByText('Sending').first().waitFor();
  await ada.page.goto('about:blank');
  await ada.context.setOffline(false);
  await ada.page.goto(room);
  for (const reader of [ada, bea]) {
    await reader.sees('three before the tab was closed');
    expect((await reader.reads()).filter((text) => text.includes('before the tab'))).toEqual(written);
  }
});

test('All appear in the other browser within 1 second; a deleted body is nowhere in the database.', async () => {
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
  for (const text of ['a tpyo', 'a typo']) expect(await tablesWith(site.node, text)).toEqual([]);
});

test('A pasted script shows as text; code is highlighted; links open safely.', async () => {
  await ada.say(
    '<img src=x onerror="document.title=1"> <script>alert(1)</script> https://example.org/a?b=1 javascript:alert(1)',
  );
  await bea.sees('onerror');
  const link = bea.log.getByRole('link', { name: 'https://example.org/a?b=1' });
  expect(await link.getAttribute('rel')).toContain('noopener');
  expect(await bea.log.getByRole('link').count()).toBe(1);
  expect(await bea.log.locator('img, script').count()).toBe(0);
  await ada.say('```bash\n# tide\ncurl -s "http://tide.lan" | jq\n```');
  await bea.log.locator('.pre .c').getByText('# tide').waitFor();
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

test('Two browsers see each change at once; a deleted room is gone from both and from the database.', async () => {
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.picture('details-light-1280');
  await ada.page
    .getByRole('button', { name: /^(Edit|Change)/ })
    .first()
    .click();
  await ada.page.getByRole('dialog').getByLabel('Name').fill('long-table');
  await ada.page.getByRole('button', { name: 'Save' }).click();
  for (const { page } of [ada, bea]) await page.getByRole('heading', { level: 1, name: 'long-table' }).waitFor();
  await ada.page.getByRole('button', { name: /Delete/ }).click();
  await ada.page
    .getByRole('dialog')
    .getByRole('button', { name: /Delete/ })
    .click();
  await ada.page.waitForURL((url) => url.pathname === '/');
  await bea.page.getByRole('link', { name: 'long-table' }).waitFor({ state: 'detached' });
  for (const text of ['long-table', 'kitchen-table', 'small boat'])
    expect(await tablesWith(site.node, text)).toEqual([]);
});

test('Browser network panel shows only our host after an hour of use.', async () => {
  // The hour passes at once: whatever a page does now and then, it does.
  await ada.page.clock.install();
  await ada.page.goto('/settings');
  await ada.page.getByLabel('Rooms and people').waitFor();
  await ada.page.clock.runFor('01:00:00');
  expect(site.complaints()).toEqual([]);
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
