import { writeFileSync } from 'node:fs';
import { type Figure, figureTable, passes } from './figures.ts';
import { machine } from './machine.ts';
import { bundleChildren } from './processes.ts';
import { bus } from './scenarios/bus.ts';
import { fanOut } from './scenarios/fanOut.ts';
import { logins } from './scenarios/logins.ts';
import { memory } from './scenarios/memory.ts';
import { pages } from './scenarios/pages.ts';
import { plans } from './scenarios/plans.ts';
import { scaling } from './scenarios/scaling.ts';
import { sealed } from './scenarios/sealed.ts';
import { search } from './scenarios/search.ts';
import { sends } from './scenarios/sends.ts';
import { slowReader } from './scenarios/slowReader.ts';
import { openServices, type Services } from './services.ts';
import { storm } from './storm.ts';

/** What every scenario is given. */
export interface Settings {
  services: Services;
  quick: boolean;
  /** Prints a table of its own, once the figures are there. */
  say(text: string): void;
}

const SCENARIOS: Record<string, (settings: Settings) => Promise<Figure[]>> = {
  fanOut,
  memory,
  logins,
  slowReader,
  sends,
  sealed,
  pages,
  search,
  bus,
  storm,
  plans,
  scaling,
};

/** Only by name: they take long. */
const ASIDE = ['plans', 'scaling'];
/** Not in a quick run either, unless named. */
const UNHURRIED = ['logins', 'sealed', 'search'];

await main(process.argv.slice(2));

async function main(args: string[]) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !(name in SCENARIOS));
  if (unknown) return usage(unknown);
  const quick = args.includes('--quick');
  const [figures, tables] = await run(names.length > 0 ? names : usual(quick), quick);
  console.log(`\n${tables.join('\n\n')}\n\n${figureTable(figures)}\n\nMeasured on ${machine()}.`);
  const json = args.find((arg) => arg.startsWith('--json='))?.slice('--json='.length);
  if (json) writeFileSync(json, `${JSON.stringify({ machine: machine(), figures }, null, 2)}\n`);
  process.exit(args.includes('--strict') && figures.some((figure) => passes(figure) === false) ? 1 : 0);
}

function usual(quick: boolean): string[] {
  const left = quick ? [...ASIDE, ...UNHURRIED] : ASIDE;
  return Object.keys(SCENARIOS).filter((name) => !left.includes(name));
}

async function run(names: string[], quick: boolean): Promise<[Figure[], string[]]> {
  await bundleChildren();
  const services = openServices();
  const [figures, tables]: [Figure[], string[]] = [[], []];
  for (const name of names) {
    const started = performance.now();
    const measured = await SCENARIOS[name]?.({ services, quick, say: (text) => tables.push(text) });
    figures.push(...(measured ?? []));
    console.error(`${figureTable(measured ?? [])}\n${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
  }
  await services.stop();
  return [figures, tables];
}

function usage(unknown: string) {
  const names = Object.keys(SCENARIOS).join(' ');
  console.error(`There is no ${unknown}. npm run bench -- [${names}] [--quick] [--strict] [--json=file]`);
  process.exitCode = 2;
}
