import type { Page } from 'playwright-core';
import { type Figure, median } from '../figures.ts';
import type { Account } from './account.ts';
import { openRoom, sees, slowed } from './page.ts';
import type { Place } from './place.ts';

const TIMES = 30;

/** What a person feels: wall-clock, so it moves with the machine. */
export async function speed(place: Place): Promise<Figure[]> {
  const ada = await place.account('Ada');
  const rooms = [await ada.createRoom('harbour'), await ada.createRoom('boat-shed')];
  for (const room of rooms) await ada.fill(room, ['hello']);
  const page = await openRoom(place, ada, rooms[0] as string, 'hello');
  const painted = await enterToPainted(page, 'quick');
  let slow = Number.NaN;
  await slowed(page, 4, async () => {
    slow = await enterToPainted(page, 'slow');
  });
  return [
    { name: 'Enter → painted, median', value: painted, unit: 'ms', atMost: 20 },
    { name: 'the same with 4 × slower CPU', value: slow, unit: 'ms', atMost: 60 },
    { name: 'click on another room → painted, median', value: await switching(page), unit: 'ms' },
    { name: 'first paint of login, never here before', value: await firstPaint(place, '/login'), unit: 'ms' },
    {
      name: 'first paint of a room, never here before',
      value: await firstPaint(place, `/r/${rooms[0]}`, ada),
      unit: 'ms',
    },
  ];
}

async function enterToPainted(page: Page, word: string): Promise<number> {
  const times: number[] = [];
  const composer = page.getByRole('textbox', { name: /^Message / });
  for (let time = 0; time < TIMES; time++) {
    const text = `${word} ${time}`;
    await composer.fill(text);
    const painting = page.evaluate(sinceEvent, { type: 'keydown', text });
    await composer.press('Enter');
    times.push(await painting);
    await sees(page, text);
  }
  return median(times);
}

async function switching(page: Page): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const name = time % 2 ? 'harbour' : 'boat-shed';
    const painting = page.evaluate(sinceEvent, { type: 'click', heading: name });
    await page.getByRole('link', { name: new RegExp(name) }).click();
    times.push(await painting);
  }
  return median(times);
}

/** From an event of the keyboard or the mouse until what it brings is painted. */
function sinceEvent({ type, text, heading }: { type: string; text?: string; heading?: string }) {
  const isThere = () => {
    const last = document.querySelector('.log .col')?.lastElementChild?.querySelector('.body');
    const title = document.querySelector('h1')?.textContent ?? '';
    return text ? last?.textContent === text : title.includes(heading as string) && Boolean(last);
  };
  return new Promise<number>((resolve) => {
    const after = (began: number) => {
      if (!isThere()) return requestAnimationFrame(() => after(began));
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.now() - began);
      port2.postMessage(null);
    };
    const note = ({ timeStamp }: Event) => requestAnimationFrame(() => after(timeStamp));
    document.addEventListener(type, note, { capture: true, once: true });
  });
}

async function firstPaint(place: Place, path: string, account?: Account): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < 5; time++) {
    const page = await place.visit(account);
    await page.goto(path);
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length);
    times.push(
      await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN),
    );
    await page.context().close();
  }
  return median(times);
}
