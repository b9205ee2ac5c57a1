import type { Figure } from '../figures.ts';
import { smallTalk } from './account.ts';
import { openRoom, sees } from './page.ts';
import type { Place } from './place.ts';

const MESSAGES = 10_000;

/** What a page holds that was open while very much was said. */
export async function memory(place: Place): Promise<Figure[]> {
  const [ada, bea] = [await place.account('Ada'), await place.account('Bea')];
  const room = await ada.createRoom('harbour');
  await bea.join(room);
  await ada.fill(room, ['hello']);
  const page = await openRoom(place, bea, room, 'hello');
  const texts = smallTalk(MESSAGES);
  await ada.fill(room, texts);
  await sees(page, texts.at(-1) as string);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  const name = `after ${MESSAGES.toLocaleString('en')} messages`;
  return [
    { name: `heap ${name}`, value: usedSize / 1_000_000, unit: 'MB', atMost: 25 },
    { name: `nodes ${name}`, value: nodes, unit: '', atMost: 12_000, beside: 'content-visibility: 241,000' },
  ];
}
