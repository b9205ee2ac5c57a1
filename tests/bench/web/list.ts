import type { Page } from 'playwright-core';
import type { Figure } from '../figures.ts';
import { smallTalk } from './account.ts';
import { cpuOf, openRoom, sees } from './page.ts';
import type { Place } from './place.ts';

const LOADED = 1_500;
const PREPENDS = 10;
const ARRIVING = 250;
const EVERY = 20;
const PIXELS = 20_000;

/** How the list behaves for somebody who reads, and for somebody who scrolls. */
export async function list(place: Place): Promise<Figure[]> {
  const [ada, bea] = [await place.account('Ada'), await place.account('Bea')];
  const room = await ada.createRoom('harbour');
  const texts = smallTalk(LOADED);
  await ada.fill(room, texts);
  // Only now: a room opens where what is new begins, and here that is its end.
  await bea.join(room);
  const page = await openRoom(place, bea, room, texts.at(-1) as string);

  const arriving = smallTalk(ARRIVING).map((text) => `now ${text}`);
  const watching = page.evaluate(framesOffTheEnd, `now ${ARRIVING - 1} `);
  await ada.drip(room, arriving, EVERY);
  const { off, frames } = await watching;
  await sees(page, arriving.at(-1) as string);

  let shown = 0;
  const cpu = await cpuOf(page, async () => {
    shown = await page.evaluate(scrollUp, PIXELS);
  });
  return [
    {
      name: 'frames off the end while 50 messages a second arrive',
      value: off,
      unit: `of ${frames}`,
      atMost: 0,
      beside: 'virtua, TanStack: some',
    },
    {
      name: `jump while ${PREPENDS} older pages are put before`,
      value: await jumpOf(page),
      unit: 'px',
      atMost: 1,
      beside: 'content-visibility in WebKit: 485',
    },
    {
      name: 'scrolling up 1,000 px, main thread',
      value: (cpu * 1_000) / PIXELS,
      unit: 'ms CPU',
      atMost: 100,
      beside: 'virtua, TanStack: 3 × ours',
    },
    { name: 'frames at 2,000 px/s', value: shown, unit: 'fps', atLeast: 58 },
  ];
}

const jumpOf = (page: Page) => page.evaluate(jump, PREPENDS);

/** How many frames were painted with the end of the room out of view, until a message is there. */
async function framesOffTheEnd(last: string) {
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(null);
      }),
    );
  const log = document.querySelector('.log') as HTMLElement;
  let [off, frames] = [0, 0];
  while (!log.querySelector('.col')?.lastElementChild?.textContent?.includes(last)) {
    await painted();
    frames += 1;
    if (log.scrollHeight - log.clientHeight - log.scrollTop > 1) off += 1;
  }
  return { off, frames };
}

/** The farthest that a row moved on the screen while older pages came in above it. */
async function jump(pages: number) {
  const frame = () => new Promise(requestAnimationFrame);
  const log = document.querySelector('.log') as HTMLElement;
  const rows = () => [...log.querySelectorAll<HTMLElement>('.msg')];
  const top = (row: Element) => row.getBoundingClientRect().top;
  let worst = 0;
  for (let page = 0; page < pages; page++) {
    log.scrollTop = 700;
    const first = rows()[0]?.dataset.key;
    const row = rows().find((one) => top(one) >= top(log)) as HTMLElement;
    const before = top(row);
    for (let after = 0; after < 5; ) {
      await frame();
      worst = Math.max(worst, Math.abs(top(row) - before));
      if (rows()[0]?.dataset.key !== first) after += 1;
    }
  }
  return worst;
}

/** Scrolls up at 2,000 px/s; gives the frames per second. */
async function scrollUp(pixels: number) {
  const log = document.querySelector('.log') as HTMLElement;
  const began = performance.now();
  let [frames, gone, now] = [0, 0, began];
  while (gone < pixels) {
    const next = await new Promise<number>(requestAnimationFrame);
    const by = Math.max(0, (next - now) * 2);
    log.scrollBy(0, -by);
    [gone, now, frames] = [gone + by, Math.max(now, next), frames + 1];
  }
  return (frames * 1_000) / (performance.now() - began);
}
