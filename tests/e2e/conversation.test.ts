import { afterAll, beforeAll, expect, test } from 'vitest';
import { tablesWith } from '../rooms.ts';
import { look } from './look.ts';
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

const chip = (visitor: Visitor, text: string) => visitor.row(text).getByRole('group', { name: 'Reactions' });

test('two people, same emoji: one chip with 2 and both names', async () => {
  await ada.row('small boat').hover();
  await ada.row('small boat').getByRole('button', { name: 'React with 👍' }).click();
  await chip(ada, 'small boat').getByRole('button', { name: '👍 1, from you' }).waitFor();
  await chip(bea, 'small boat').getByRole('button', { name: '👍 1, from Ada' }).click();
  await chip(ada, 'small boat').getByRole('button', { name: '👍 2, from Bea and you' }).hover();
  const theirs = chip(bea, 'small boat').getByRole('button', { name: '👍 2, from Ada and you' });
  expect(await theirs.getAttribute('aria-pressed')).toBe('true');
  expect(await chip(bea, 'small boat').getByRole('button', { name: /^👍/ }).count()).toBe(1);
  await ada.picture('reactions-light-1280');
  await bea.picture('reactions-dark-360');
});

test('E on a message asks for an emoji, focus returns to it, and Enter on a chip takes it back', async () => {
  const row = ada.row('blue cooler');
  await row.focus();
  await ada.page.keyboard.press('e');
  await ada.page.getByRole('searchbox', { name: 'Find an emoji' }).fill('sailboat');
  await ada.page.getByRole('region', { name: 'Found' }).getByRole('button').first().waitFor();
  await ada.page.keyboard.press('Enter');
  await chip(bea, 'blue cooler')
    .getByRole('button', { name: /^⛵.*1, from Ada/ })
    .waitFor();
  expect(await row.evaluate((one) => one === document.activeElement)).toBe(true);
  await ada.page.keyboard.press('Tab');
  await ada.page.keyboard.press('Enter');
  await chip(bea, 'blue cooler').waitFor({ state: 'detached' });
});

test('Typing `@an` offers Ana; she gets a mention count.', async () => {
  const ana = await site.visitor('Ana');
  await ana.register();
  await ana.joinByLink(room);
  await ada.log.getByText('Ana joined').waitFor();
  await ana.page.goto('/');
  await ada.composer.pressSequentially('@an');
  await ada.page.getByRole('option', { name: /Ana/ }).click();
  await ada.composer.press('Enter');
  await ana.page.getByRole('link', { name: /kitchen-table.*, 1 waiting for you/ }).waitFor();
  await ada.composer.fill('');
  await ada.composer.pressSequentially('@every');
  await ada.page.getByRole('option', { name: /Everyone in this room/ }).click();
  await ada.composer.press('Enter');
  await ana.page.getByRole('link', { name: /kitchen-table.*, 2 waiting for you/ }).waitFor();
  await bea.log.locator('.msg.mention .at.self', { hasText: '@room' }).waitFor();
  await bea.composer.pressSequentially('@every');
  expect(await bea.page.getByRole('option').count()).toBe(0);
  await bea.composer.fill('@nobody and @room are only words');
  await bea.composer.press('Enter');
  await ada.sees('only words');
  expect(await ada.row('only words').locator('.at').count()).toBe(0);
});

test('pin shows for all: on the message, between the messages, and in the details; only who may is offered it', async () => {
  const menu = async (visitor: Visitor) => {
    const row = visitor.row('blue cooler');
    await row.hover();
    if (visitor === ada) await row.getByRole('button', { name: 'More' }).click();
    else await row.dispatchEvent('pointerdown', { pointerType: 'touch', isPrimary: true });
    return visitor.page.getByRole('dialog', { name: 'Message' });
  };
  await (await menu(ada)).getByRole('button', { name: 'Pin for everyone' }).click();
  await bea.row('blue cooler').getByText('Pinned').waitFor();
  await bea.log.getByText('Ada pinned a message.').waitFor();
  const asked = await menu(bea);
  await asked.getByRole('button', { name: 'Copy text' }).waitFor();
  expect(await asked.getByRole('button', { name: /pin/i }).count()).toBe(0);
  await bea.picture('sheet-dark-360');
  await bea.page.keyboard.press('Escape');
  await bea.page.getByRole('button', { name: 'Details', exact: true }).click();
  const list = bea.page.getByRole('complementary', { name: 'Details' });
  await list.getByRole('link', { name: /blue cooler/ }).waitFor();
  await bea.picture('pins-dark-360');
  await list.getByRole('link', { name: /blue cooler/ }).click();
  await bea.log.locator('.msg.found').filter({ hasText: 'blue cooler' }).waitFor();
  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page
    .getByRole('complementary')
    .getByRole('link', { name: /blue cooler/ })
    .waitFor();
  await ada.picture('pins-light-1280');
  await (await menu(ada)).getByRole('button', { name: 'Unpin' }).click();
  await ada.page
    .getByRole('complementary')
    .getByRole('link', { name: /blue cooler/ })
    .waitFor({ state: 'detached' });
  await bea.row('blue cooler').getByText('Pinned').waitFor({ state: 'detached' });
  await ada.page.getByRole('button', { name: 'Close details' }).click();
});

test('what Ada is called and her colour change on Bea’s screen at once', async () => {
  await ada.page.getByRole('link', { name: 'Settings' }).click();
  await ada.page.getByLabel('Your name').fill('Ada Lind');
  await ada.page.getByRole('radio', { name: 'Amber' }).check({ force: true });
  await ada.page.getByRole('button', { name: 'Save', exact: true }).first().click();
  await bea.row('small boat').getByText('Ada Lind').waitFor();
  await bea.row('small boat').getByRole('button', { name: '👍 2, from Ada Lind and you' }).waitFor();
  const avatar = bea.row('small boat').locator('.av');
  expect(await avatar.getAttribute('style')).toContain('--h: 60');
  await ada.picture('profile-light-1280');
  await ada.page.goto(room);
  await ada.sees('small boat');
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
  expect(await bea.row('onerror').getByRole('link').count()).toBe(1);
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

test('A room that keeps messages for a week forgets what is older, on every screen and device.', async () => {
  const before = new URL(ada.page.url()).pathname;
  const room = await ada.createRoom('short-memory');
  await ada.say('a word of last month');
  await bea.joinByLink(room);
  await bea.sees('a word of last month');
  await ada.say('a word of today');
  await bea.sees('a word of today');
  await bea.page.waitForFunction(keptHere, ['a word of today', true] as const);
  await bea.page.goto('/');
  await site.node.core.db.$executeRaw`
    UPDATE entry SET created_at = created_at - interval '30 days' WHERE body = 'a word of last month'`;

  await ada.page.getByRole('button', { name: 'Details', exact: true }).click();
  await ada.page.getByRole('button', { name: 'How long messages are kept' }).click();
  await look(ada, 'retention');
  await ada.page.getByRole('radio', { name: 'For good' }).focus();
  for (let down = 0; down < 4; down++) await ada.page.keyboard.press('ArrowDown');
  expect(await ada.page.getByRole('radio', { name: '7 days' }).isChecked()).toBe(true);
  await ada.page.keyboard.press('Enter');
  await ada.page.getByText('decided that messages are deleted after 7 days').waitFor();
  await ada.page.getByText('Messages are deleted after 7 days.').waitFor();
  await ada.row('a word of last month').waitFor({ state: 'detached' });
  await bea.page.waitForFunction(keptHere, ['a word of last month', false] as const);
  await bea.page.goto(room);
  await bea.sees('a word of today');
  await bea.page.getByText('decided that messages are deleted after 7 days').waitFor();
  expect(await bea.reads()).toEqual(['a word of today']);
  expect(await tablesWith(site.node, 'a word of last month')).toEqual([]);

  await ada.page.setViewportSize({ width: 360, height: 780 });
  await ada.page.reload();
  await ada.page.getByRole('button', { name: /people, show details/ }).click();
  await ada.page.getByRole('button', { name: 'How long messages are kept' }).click();
  await ada.page.getByRole('radio', { name: '7 days' }).waitFor();
  await look(ada, 'retention');
  await ada.page.setViewportSize({ width: 1280, height: 800 });
  for (const { page } of [ada, bea]) await page.goto(before);
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

/** Whether a text stands, or does not, in what this browser keeps of rooms. */
async function keptHere([text, expected]: readonly [string, boolean]): Promise<boolean> {
  const request = indexedDB.open('shh');
  const database = await new Promise<IDBDatabase>((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const rows = database.transaction('logs').objectStore('logs').getAll();
  await new Promise((resolve) => {
    rows.onsuccess = resolve;
  });
  database.close();
  return JSON.stringify(rows.result).includes(text) === expected;
}
