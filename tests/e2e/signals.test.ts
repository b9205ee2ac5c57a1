import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from './look.ts';
import { openSite, PHONE, type Site, type Visitor } from './site.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;
let cem: Visitor;
let conversation: string;
/** What each browser has sent to the server over its socket, or asked in a request. */
const sent = { Ada: [] as string[], Bea: [] as string[], Cem: [] as string[] };

beforeAll(async () => {
  site = await openSite();
  [ada, bea, cem] = [await site.visitor('Ada'), await site.visitor('Bea'), await site.visitor('Cem', PHONE)];
  for (const one of [cem, bea, ada]) {
    one.context.on('page', (page) => record(one, page));
    record(one, one.page);
    await one.register();
    await one.hasKeys();
  }
  conversation = await ada.writeTo('Bea');
  await ada.say('the tide turns at four');
  await bea.page.goto(conversation);
  await bea.sees('the tide turns at four');
});
afterAll(() => site?.close());

function record({ name }: Visitor, page: Visitor['page']) {
  const note = (text: string | Buffer | null) => void sent[name as keyof typeof sent].push(String(text ?? ''));
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => note(payload)));
  page.on('request', (request) => note(request.postData()));
}

/** The signals that a browser has sent, as the server has them. */
const signalsOf = ({ name }: Visitor) =>
  sent[name as keyof typeof sent]
    .filter((text) => text.includes('mutation SendSignal'))
    .map((text) => /"bytes":"([^"]+)"/.exec(text)?.[1] ?? '');

const readMark = (visitor: Visitor, text: string) => visitor.row(text).locator('.read-by');

/** Says it, or takes it back, in another tab of the browser. */
async function showReading(visitor: Visitor, on: boolean) {
  const settings = await visitor.context.newPage();
  await settings.goto('/settings');
  const reading = settings.getByRole('switch', { name: 'Show others what I have read' });
  expect(await reading.getAttribute('aria-checked')).toBe(String(!on));
  await reading.click();
  expect(await reading.getAttribute('aria-checked')).toBe(String(on));
  await settings.close();
}

/** Somebody types, which whoever is there sees: what was told before has come by then. */
async function seesTyping(visitor: Visitor, typist: Visitor) {
  await typist.composer.pressSequentially('so', { delay: 50 });
  await visitor.page.getByText(`${typist.name} is typing`).waitFor();
  await typist.composer.fill('');
  await visitor.page.getByText(`${typist.name} is typing`).waitFor({ state: 'detached' });
}

test('Ada sees that Bea types, and the server hears nothing of it but 256 bytes', async () => {
  await bea.composer.pressSequentially('I hear you', { delay: 60 });
  await ada.page.getByText('Bea is typing').waitFor();
  await bea.composer.press('Enter');
  await ada.sees('I hear you');
  expect(signalsOf(bea).length).toBeGreaterThan(0);
  for (const bytes of signalsOf(bea)) expect(Buffer.from(bytes, 'base64').length).toBe(256);
  const all = Object.values(sent).flat();
  expect(all.filter((text) => /SetTyping|subscription Typing|"typing"/.test(text))).toEqual([]);
});

test('nobody shows what they have read at first, nor when only one of the two does', async () => {
  sent.Bea.length = 0;
  await ada.say('is anybody reading this');
  await bea.sees('is anybody reading this');
  await showReading(ada, true);
  await ada.page.reload();
  await ada.sees('is anybody reading this');
  await seesTyping(ada, bea);
  expect(await ada.log.locator('.read-by').count()).toBe(0);
  expect(await bea.log.locator('.read-by').count()).toBe(0);
});

test('when both show it, Ada sees what Bea has read, and nothing on the screen moves', async () => {
  await ada.page.evaluate(() => {
    const shifts: number[] = [];
    Object.assign(globalThis, { shifts });
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as any) shifts.push(entry.value);
    });
    observer.observe({ type: 'layout-shift', buffered: false });
  });
  const places = () =>
    ada.log.locator('.msg .body').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  const before = await places();
  await showReading(bea, true);
  await readMark(ada, 'is anybody reading this').getByText('Read', { exact: true }).waitFor();
  await readMark(ada, 'is anybody reading this').getByText('Read by Bea').waitFor({ state: 'attached' });
  expect(await places()).toEqual(before);
  expect(await ada.page.evaluate(() => (globalThis as any).shifts)).toEqual([]);
  await ada.say('then we sail at five');
  await readMark(ada, 'then we sail at five').getByText('Read', { exact: true }).waitFor();
  expect(await ada.log.locator('.read-by').count()).toBe(1);
  await bea.say('so we do');
  await readMark(bea, 'so we do').getByText('Read', { exact: true }).waitFor();
  await look(ada, 'read');
});

test('it is there after a reload, asked of who is there, and remembered of who is not', async () => {
  await ada.page.reload();
  await readMark(ada, 'then we sail at five').getByText('Read', { exact: true }).waitFor();
  await bea.page.goto('about:blank');
  await ada.page.reload();
  await readMark(ada, 'then we sail at five').getByText('Read', { exact: true }).waitFor();
  await ada.say('are you still there');
  await ada.sees('are you still there');
  expect(await readMark(ada, 'are you still there').count()).toBe(0);
  await bea.page.goto(conversation);
  await readMark(ada, 'are you still there').getByText('Read', { exact: true }).waitFor();
});

test('whoever switches it off tells nobody any more, and sees nothing', async () => {
  await showReading(bea, false);
  await bea.log.locator('.read-by').waitFor({ state: 'detached' });
  sent.Bea.length = 0;
  await ada.say('and now you are silent');
  await bea.sees('and now you are silent');
  await bea.page.reload();
  await bea.sees('and now you are silent');
  expect(signalsOf(bea)).toEqual([]);
  await seesTyping(ada, bea);
  expect(await readMark(ada, 'and now you are silent').count()).toBe(0);
});

test('in a room it says who: by name to who listens, by their faces to who looks', async () => {
  await showReading(bea, true);
  await showReading(cem, true);
  const attic = await ada.createPrivateRoom('lantern attic', ['Bea', 'Cem']);
  await ada.say('the ladder is back');
  for (const one of [bea, cem]) {
    await one.page.goto(attic);
    await one.sees('the ladder is back');
  }
  const mark = readMark(ada, 'the ladder is back');
  await mark.getByText('Read by Bea and Cem').waitFor({ state: 'attached' });
  expect(await mark.locator('.av').count()).toBe(2);
  await bea.say('and the lamp');
  await readMark(cem, 'the ladder is back').getByText('Read by Bea').waitFor({ state: 'attached' });
  await readMark(cem, 'and the lamp').getByText('Read by Ada').waitFor({ state: 'attached' });
  await look(cem, 'read-room');
  await cem.row('and the lamp').dispatchEvent('pointerdown', { pointerType: 'touch', isPrimary: true });
  await cem.page.getByRole('dialog', { name: 'Message' }).getByText('Read by Ada').waitFor();
  await look(cem, 'read-menu');
  await cem.page.keyboard.press('Escape');
  await ada.picture('read-room-light-1280');
  await ada.page.goto('/settings');
  await ada.page.getByRole('switch', { name: 'Show others what I have read' }).scrollIntoViewIfNeeded();
  await look(ada, 'settings-reading');
});

test('nothing was asked of another host, and no policy was broken', () => {
  expect(site.complaints()).toEqual([]);
});
