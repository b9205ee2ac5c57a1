import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site, type Visitor } from './site.ts';
import { asInWebKit } from './webKit.ts';

let site: Site;
let ada: Visitor;
let bea: Visitor;

const lines = Array.from({ length: 120 }, (_, at) => `line ${at} ${'and what there is to say of it '.repeat(at % 9)}`);

beforeAll(async () => {
  site = await openSite({ LIMIT_MESSAGES_PER_10_SECONDS: '100000', LIMIT_CHANGES_PER_MINUTE: '100000' });
  [ada, bea] = [await site.visitor('Ada'), await site.visitor('Bea')];
  await asInWebKit(bea);
  await ada.register();
  await bea.register();
});
afterAll(() => site?.close());

test('Bea scrolls up through pages that come while she does: what she reads never jumps', async () => {
  const room = await ada.createRoom('harbour');
  await ada.program(room, lines);
  await bea.joinByLink(room);
  await bea.sees('line 119');
  const beginning = bea.log.getByText('Ada opened this room');
  while (!(await beginning.isVisible())) expect(await bea.log.evaluate(scrolledUp)).toBeLessThanOrEqual(1);
});

/** How far, after a bit of scrolling, the row at the top stands from where that would have put it. */
async function scrolledUp(log: Element) {
  const row = [...log.querySelectorAll('.msg')].find((one) => one.getBoundingClientRect().top > 100) as Element;
  const [place, before] = [row.getBoundingClientRect().top, log.scrollTop];
  log.scrollTop -= 400;
  const moved = before - log.scrollTop;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return row.isConnected ? Math.abs(row.getBoundingClientRect().top - place - moved) : 0;
}

test('Bea writes encrypted where the browser cannot be asked to keep what it has', async () => {
  await bea.hasKeys();
  const conversation = await ada.writeTo('Bea');
  await ada.say('the tide turns at four');
  await bea.page.goto(conversation);
  await bea.sees('the tide turns at four');
  await bea.say('then we sail at five');
  await ada.sees('then we sail at five');
});

test('no page broke its policy, asked another host or failed', () => {
  expect(site.complaints()).toEqual([]);
});
