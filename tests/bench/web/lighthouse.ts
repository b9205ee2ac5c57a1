import audit, { type Result } from 'lighthouse';
import type { Figure } from '../figures.ts';
import { type Account, smallTalk } from './account.ts';
import type { Place } from './place.ts';

const ROUNDS = 3;

/** Lighthouse as it is: a mid-range phone on a slow network. The best of some rounds, because others use the machine. */
export async function lighthouse(place: Place): Promise<Figure[]> {
  const ada = await place.account('Ada');
  const room = await ada.createRoom('harbour');
  await ada.fill(room, smallTalk(60));
  const door = await rounds(place, '/login');
  await signIn(place, ada);
  const inside = await rounds(place, `/r/${room}`);
  return [...figuresOf('login', door, 95), ...figuresOf('room', inside, 90)];
}

async function rounds(place: Place, path: string): Promise<Result[]> {
  const results: Result[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const onlyCategories = ['performance', 'accessibility', 'best-practices'];
    const answer = await audit(place.url + path, { port: place.debugging, onlyCategories, logLevel: 'error' });
    if (answer) results.push(answer.lhr);
  }
  return results;
}

// Lighthouse opens its own tab, in the browser's first window.
async function signIn({ browser, url }: Place, { token }: Account) {
  const session = await browser.newBrowserCDPSession();
  await session.send('Storage.setCookies', { cookies: [{ name: 'access_token', value: token, url }] });
  await session.detach();
}

function figuresOf(name: string, results: Result[], performance: number): Figure[] {
  const best = (category: string) => Math.max(...results.map((one) => (one.categories[category]?.score ?? 0) * 100));
  const shifted = Math.max(...results.map((one) => one.audits['cumulative-layout-shift']?.numericValue ?? 1));
  return [
    { name: `Lighthouse mobile, ${name}, performance`, value: best('performance'), unit: '', atLeast: performance },
    { name: `Lighthouse mobile, ${name}, accessibility`, value: best('accessibility'), unit: '', atLeast: 100 },
    { name: `Lighthouse mobile, ${name}, best practices`, value: best('best-practices'), unit: '', atLeast: 100 },
    {
      name: `Lighthouse mobile, ${name}, layout shift`,
      value: Math.round(shifted * 1_000) / 1_000,
      unit: '',
      atMost: 0,
    },
  ];
}
