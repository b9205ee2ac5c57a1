import { parseMessage } from '../../../web/messages/messageText.ts';
import type { Figure } from '../figures.ts';
import { cpuOf, endsWith, openRoom } from './page.ts';
import type { Place } from './place.ts';

const LENGTH = 10_000;
const PIECES = [
  '`',
  'http://a.b/(',
  '[a](',
  '*a **b ',
  '_~~**',
  '> ',
  '- - ',
  '@a.......',
  '> - ',
  'a',
  '\u202ea',
  'e\u0301\u0316',
];
const MARKUP = '<img src=x onerror="document.title=1"><svg onload="document.title=1"><script>document.title=1</script>';
const MOST = 7_990;

/** Texts that are made to hang a page or to run in it. */
export async function hostile(place: Place): Promise<Figure[]> {
  const [ada, bea] = [await place.account('Ada'), await place.account('Bea')];
  const room = await ada.createRoom('harbour');
  await bea.join(room);
  await ada.fill(room, ['hello']);
  const page = await openRoom(place, bea, room, 'hello');
  const spent: number[] = [];
  for (const [index, piece] of [...PIECES, MARKUP].entries()) {
    const texts = [repeated(piece, MOST), `after ${index}`];
    const arrive = async () => {
      await ada.fill(room, texts);
      await endsWith(page, `after ${index}`);
    };
    spent.push(await cpuOf(page, arrive));
  }
  const worst = [...PIECES, MARKUP.slice(0, 4)][spent.indexOf(Math.max(...spent))];
  const executed = (await page.title()) === '1' ? 1 : 0;
  return [
    {
      name: `parsing the worst of ${PIECES.length} hostile texts of 10 kB`,
      value: Math.max(...PIECES.map(parsing)),
      unit: 'ms CPU',
      atMost: 50,
      beside: 'marked: 2,400',
    },
    {
      name: `showing the worst of them (${JSON.stringify(worst)}), whole main thread`,
      value: Math.max(...spent),
      unit: 'ms CPU',
      atMost: 50,
    },
    { name: 'scripts in messages that ran', value: executed, unit: '', atMost: 0 },
  ];
}

const repeated = (piece: string, length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);

/** The first time, when nothing is compiled yet, is part of it. */
function parsing(piece: string): number {
  const text = repeated(piece, LENGTH);
  const before = process.cpuUsage();
  parseMessage(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
