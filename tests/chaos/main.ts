import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Plan, runChaos } from './chaos.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { describe, isSound } from './report.ts';
import { NAIVE, SERVER } from './site.ts';

const HELP = `npm run chaos -- [--seconds N] [--sends N] [--kills N] [--seed TEXT] [--scale N] [--faults "kill -9,SIGTERM"] [--naive] [--json]
It goes on until the seconds, the acknowledged sends and the kills are all reached and every fault was injected once.
Without options: 100,000 sends and 100 kills. Faults: ${Object.keys(FAULTS).join(', ')}.`;

const OPTIONS = {
  seconds: { type: 'string', default: '0' },
  sends: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string' },
  scale: { type: 'string', default: '1' },
  faults: { type: 'string' },
  naive: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The plan that the command line asks for. */
export function planFrom(args: string[]): Plan & { json: boolean; help: boolean } {
  const { values } = parseArgs({ args, options: OPTIONS });
  const full = values.sends === undefined && values.kills === undefined && values.seconds === '0';
  const faults = values.faults?.split(',').map((name) => name.trim()) ?? Object.keys(FAULTS);
  const unknown = faults.filter((name) => !(name in FAULTS));
  if (unknown.length > 0) throw new Error(`There is no fault "${unknown[0]}".\n${HELP}`);
  return {
    program: values.naive ? NAIVE : SERVER,
    seed: values.seed ?? randomUUID().slice(0, 8),
    faults: faults as FaultName[],
    size: { people: 12, rooms: 6, senders: 20, devices: 18, archive: 12_000, pause: 20, burst: 24 },
    scale: Number(values.scale),
    seconds: Number(values.seconds),
    sends: Number(values.sends ?? (full ? 100_000 : 0)),
    kills: Number(values.kills ?? (full ? 100 : 0)),
    json: values.json,
    help: values.help,
    tell: (line) => process.stderr.write(`${line}\n`),
  };
}

const plan = planFrom(process.argv.slice(2));
if (plan.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  process.stderr.write(`seed ${plan.seed}\n`);
  const enough = new AbortController();
  process.once('SIGTERM', () => enough.abort());
  // A terminal interrupts the services too: there is nothing left to compare with.
  process.once('SIGINT', () => process.exit(130));
  const report = await runChaos({ ...plan, enough: enough.signal });
  process.stdout.write(`${plan.json ? JSON.stringify(report) : describe(report)}\n`);
  process.exitCode = isSound(report) ? 0 : 1;
}
