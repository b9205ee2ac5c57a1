import { existsSync } from 'node:fs';
import { type Figure, figureTable, passes } from '../figures.ts';
import { machine } from '../machine.ts';
import { firstLoad } from './firstLoad.ts';
import { hostile } from './hostile.ts';
import { lighthouse } from './lighthouse.ts';
import { list } from './list.ts';
import { memory } from './memory.ts';
import { offline } from './offline.ts';
import { openPlace, type Place, WEB } from './place.ts';
import { speed } from './speed.ts';

const SCENARIOS: Record<string, (place: Place) => Promise<Figure[]>> = {
  firstLoad,
  list,
  memory,
  hostile,
  offline,
  speed,
  lighthouse,
};

await main(process.argv.slice(2));

async function main(args: string[]) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !(name in SCENARIOS));
  if (unknown) return usage(unknown);
  if (!existsSync(WEB)) throw new Error('There is no build: run npm run build.');
  const figures = await run(names.length > 0 ? names : Object.keys(SCENARIOS));
  if (args.includes('--json')) console.log(JSON.stringify({ machine: machine(), figures }, null, 2));
  else console.log(`${figureTable(figures)}\n\nMeasured on ${machine()}.`);
  process.exit(args.includes('--strict') && figures.some((figure) => passes(figure) === false) ? 1 : 0);
}

/** Each in a place of its own, so that none is measured with what another left behind. */
async function run(names: string[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of names) {
    const place = await openPlace();
    const measured = (await SCENARIOS[name]?.(place)) ?? [];
    await place.close();
    console.error(`${figureTable(measured)}\n`);
    figures.push(...measured);
  }
  return figures;
}

function usage(unknown: string) {
  const names = Object.keys(SCENARIOS).join(' ');
  console.error(`There is no ${unknown}. npm run bench:web -- [${names}] [--strict] [--json]`);
  process.exitCode = 2;
}
