import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let room: string;

const PATIENT = { timeout: 20_000 };
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${String(from + index).padStart(3, '0')}`);
const top = (visitor: Visitor, text: string) => visitor.row(text).evaluate((row) => row.getBoundingClientRect().top);
const scrollBy = (visitor: Visitor, y: number) => visitor.log.evaluate((log, by) => log.scrollBy(0, by), y);
const inView = (visitor: Visitor, text: string) =>
  visitor.row(text).evaluate((row) => {
    const box = row.getBoundingClientRect();
    const log = row.closest('.log')?.getBoundingClientRect();
    return Boolean(log && box.top >= log.top - 1 && box.bottom <= log.bottom + 1);
  });

beforeAll(async () => {
  site = await openSite({ LIMIT_MESSAGES_PER_10_SECONDS: '100000', LIMIT_CHANGES_PER_MINUTE: '100000' });
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  await ada.register();
  await bea.register();
  room = await ada.createRoom('harbour');
  await bea.joinByLink(room);
  await ada.program(room, lines(1, 420));
  await bea.sees('line 420');
});
afterAll(() => site?.close());

test('at most 300 messages are in the page, however far one scrolls, and none is missing between them', async () => {
  for (let step = 0; step < 12; step++) {
    await scrollBy(bea, -20_000);
    await bea.page.waitForTimeout(100);
  }
  await bea.row('line 001').waitFor();
  const read = await bea.reads();
  expect(read.length).toBeLessThanOrEqual(300);
  expect(read).toEqual(lines(1, read.length));
  await bea.log.getByText('Bea joined').waitFor();
});

test('scroll up while 50 arrive: nothing moves, and "50 new" brings to the latest', async () => {
  await bea.page.reload();
  await bea.sees('line 420');
  const latest = bea.page.getByRole('button', { name: 'Latest' });
  for (let step = 0; step < 50 && !(await latest.isVisible()); step++) {
    await scrollBy(bea, -500);
    await bea.page.waitForTimeout(60);
  }
  const text = (await bea.reads()).find((line) => line > 'line 390') ?? '';
  const before = await top(bea, text);
  await ada.program(room, lines(421, 470));
  const pill = bea.page.getByRole('button', { name: '50 new' });
  await pill.waitFor();
  expect(Math.abs((await top(bea, text)) - before)).toBeLessThanOrEqual(1);
  await bea.picture('scrolled-light-1280');
  await pill.click();
  await bea.sees('line 470');
  expect(await inView(bea, 'line 470')).toBe(true);
});

test('link to an old message opens there, with context on both sides; Back returns to the same scroll', async () => {
  await bea.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await bea.page.goto(`${room}?message=${await idOf('line 030')}`);
  await bea.log.locator('.msg.found').filter({ hasText: 'line 030' }).waitFor();
  expect(await inView(bea, 'line 030')).toBe(true);
  expect(await bea.reads()).toEqual(expect.arrayContaining(['line 029', 'line 031']));
  await bea.row('line 030').focus();
  await bea.page.keyboard.press('r');
  await bea.say('an answer to an old one');
  await bea.sees('an answer to an old one');
  await expect.poll(() => inView(bea, 'an answer to an old one'), PATIENT).toBe(true);
  await expect.poll(() => bea.log.evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop)).toBe(0);
  await scrollBy(bea, -30);
  const before = await top(bea, 'an answer to an old one');
  await bea.row('an answer to an old one').locator('.quote').click();
  await expect.poll(() => inView(bea, 'line 030'), PATIENT).toBe(true);
  await bea.page.goBack();
  await expect
    .poll(async () => Math.abs((await top(bea, 'an answer to an old one')) - before), PATIENT)
    .toBeLessThanOrEqual(1);
});

test('from an old message one scrolls on to the newest, without a gap, until it is live again', async () => {
  await bea.page.goto(`${room}?message=${await idOf('line 120')}`);
  await expect.poll(() => inView(bea, 'line 120'), PATIENT).toBe(true);
  await bea.log.locator('.msg.found').waitFor();
  await bea.picture('linked-light-1280');
  for (let step = 0; step < 30; step++) {
    await scrollBy(bea, 20_000);
    await bea.page.waitForTimeout(60);
  }
  await bea.row('an answer to an old one').waitFor();
  const read = (await bea.reads()).slice(0, -1);
  expect(read).toEqual(lines(470 - read.length + 1, 470));
  await ada.program(room, ['after the link']);
  await bea.sees('after the link');
});

test('a link to a message that is not there says so', async () => {
  await bea.page.goto(`${room}?message=${crypto.randomUUID()}`);
  await bea.page.getByText('That message is not in this room.').waitFor();
});

test('the unread line says how much is new, and does not move while one reads', async () => {
  await bea.page.goto(room);
  await bea.sees('after the link');
  await expect.poll(readTo, PATIENT).toBe(await lastSeq());
  const elsewhere = await bea.createRoom('elsewhere');
  expect(elsewhere).not.toBe(room);
  await ada.program(room, ['new one', 'new two', 'new three']);
  await bea.page.getByRole('link', { name: /harbour/ }).click();
  await bea.sees('new three');
  const line = bea.log.locator('.new');
  await line.getByText('3 new since').waitFor();
  await ada.program(room, ['new four']);
  await bea.sees('new four');
  expect(await line.innerText()).toContain('3 new');
  expect(await line.evaluate((one) => one.nextElementSibling?.textContent)).toContain('new one');
  await bea.picture('unread-light-1280');
});

test('in the list the arrows move, C copies, U marks unread, R replies and Escape leads back', async () => {
  const { page } = bea;
  await bea.row('new four').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('c');
  await page.getByText('Copied').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('new two');
  await page.keyboard.press('u');
  await bea.log.locator('.new').getByText('3 new').waitFor();
  expect(await bea.log.locator('.new').evaluate((one) => one.nextElementSibling?.textContent)).toContain('new two');
  await page.keyboard.press('r');
  await page.getByText('Replying to Ada').waitFor();
  await page.keyboard.press('Escape');
  await bea.row('new four').focus();
  await page.keyboard.press('Escape');
  expect(await bea.composer.evaluate((area) => area === document.activeElement)).toBe(true);
});

test('on a phone a long press opens the sheet, and a reply is one line that leads to what it answers', async () => {
  const phone = await site.visitor('Pia', { ...PHONE, colorScheme: 'light' });
  await phone.register();
  await phone.joinByLink(room);
  await phone.sees('new four');
  const box = await phone.row('new two').boundingBox();
  if (!box) throw new Error('not in view');
  const at = { clientX: box.x + 60, clientY: box.y + 10, pointerId: 1, pointerType: 'touch', isPrimary: true };
  await phone.row('new two').dispatchEvent('pointerdown', at);
  const sheet = phone.page.getByRole('dialog');
  await sheet.getByRole('button', { name: 'Reply' }).waitFor();
  await phone.picture('sheet-light-360');
  await sheet.getByRole('button', { name: 'Reply' }).click();
  await phone.composer.fill('from the phone');
  await phone.picture('replying-light-360');
  await phone.composer.press('Enter');
  await bea.sees('from the phone');
  const quote = bea.row('from the phone').locator('.quote');
  expect(await quote.innerText()).toContain('new two');
  await quote.click();
  await bea.log.locator('.msg.found').filter({ hasText: 'new two' }).waitFor();
});

test('who joined stands where it belongs after a reload', async () => {
  await ada.page.reload();
  await ada.log.getByText('Pia joined').waitFor();
});

test('a room with much that is new opens where that begins, with context on both sides, and none of it is read yet', async () => {
  await bea.page.getByRole('link', { name: /^elsewhere/ }).click();
  await bea.page.getByRole('heading', { level: 1, name: 'elsewhere' }).waitFor();
  await ada.program(room, lines(601, 720));
  await bea.page.getByRole('link', { name: /^harbour/ }).click();
  const line = bea.log.locator('.new');
  await line.waitFor();
  await expect.poll(() => line.evaluate(isWithin), PATIENT).toBe(true);
  expect(await line.innerText()).toMatch(/^12\d new since/);
  const first = (await line.evaluate((one) => one.nextElementSibling?.querySelector('.body')?.textContent)) ?? '';
  const read = await bea.reads();
  expect(read.indexOf(first)).toBeGreaterThan(10);
  expect(read.length - read.indexOf(first)).toBeGreaterThan(20);
  await bea.picture('much-unread-light-1280');
  expect(await readTo()).toBeLessThan((await lastSeq()) ?? 0);
  await bea.page.getByRole('button', { name: 'Latest' }).click();
  await bea.sees('line 720');
  await expect.poll(readTo, PATIENT).toBe(await lastSeq());
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});

function isWithin(row: Element) {
  const box = row.getBoundingClientRect();
  const log = row.closest('.log')?.getBoundingClientRect();
  return Boolean(log && box.top >= log.top && box.bottom <= log.bottom);
}

async function readTo() {
  const where = { roomId: room.split('/')[2], user: { username: 'bea' } };
  return (await site.node.core.db.membership.findFirst({ where }))?.readSeq;
}

async function lastSeq() {
  return (await site.node.core.db.room.findFirst({ where: { id: room.split('/')[2] } }))?.lastSeq;
}

async function idOf(text: string): Promise<string> {
  const core = site.node.core;
  const entry = await core.db.entry.findFirst({ where: { body: text } });
  return entry?.id ?? '';
}
