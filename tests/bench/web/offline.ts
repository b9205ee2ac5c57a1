import { type Figure, median } from '../figures.ts';
import { openRoom, sees } from './page.ts';
import type { Place } from './place.ts';

const TIMES = 7;

/** Opening the page again without a network, until the room stands there with what was said. */
export async function offline(place: Place): Promise<Figure[]> {
  const ada = await place.account('Ada');
  const room = await ada.createRoom('harbour');
  await ada.fill(room, ['hello']);
  const page = await openRoom(place, ada, room, 'hello');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.reload();
  await sees(page, 'hello');
  await page.addInitScript(noteWhenUsable);
  await page.context().setOffline(true);
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    await page.reload();
    await page.locator('.log .msg').first().waitFor();
    times.push(await page.evaluate(() => (window as { usable?: number }).usable ?? Number.NaN));
  }
  return [{ name: 'offline reload until the room can be used', value: median(times), unit: 'ms', atMost: 500 }];
}

function noteWhenUsable() {
  const place = window as { usable?: number };
  const look = () => {
    if (document.querySelector('.log .msg') && document.querySelector('textarea')) place.usable ??= performance.now();
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}
