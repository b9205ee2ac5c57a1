import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Plan, runChaos, runControl } from './chaos.ts';
import { isClean, type Verdict, VIOLATIONS } from './checker.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { describe, isSound, lateness } from './report.ts';
import { NAIVE, SERVER } from './site.ts';

const HELP = `npm run chaos -- [--seconds N] [--sends N] [--kills N] [--seed TEXT] [--scale N] [--faults "kill -9,SIGTERM"] [--naive] [--json=FILE]
Goes on until the seconds, the acknowledged sends and the kills are all reached and every fault was injected once; without
options 100,000 sends and 100 kills. Then the control, a server that only pushes, must fail under the same checker.
Ends with 1 when a promise was broken. Faults: ${Object.keys(FAULTS).join(', ')}.`;

const OPTIONS = {
  seconds: { type: 'string', default: '0' },
  sends: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string', default: randomUUID().slice(0, 8) },
  scale: { type: 'string', default: '1' },
  faults: { type: 'string', default: Object.keys(FAULTS).join() },
  naive: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const { values } = parseArgs({ args: process.argv.slice(2), options: OPTIONS });
const say = (line: string) => void process.stderr.write(`${line}\n`);

/** The plan that the command line asks for. */
function readPlan(): Plan {
  const full = values.sends === undefined && values.kills === undefined && values.seconds === '0';
  const faults = values.faults.split(',').map((name) => name.trim());
  const unknown = faults.find((name) => !(name in FAULTS));
  if (unknown !== undefined) throw new Error(`There is no fault "${unknown}".\n${HELP}`);
  return {
    program: values.naive ? NAIVE : SERVER,
    seed: values.seed,
    faults: faults as FaultName[],
    size: { people: 12, rooms: 6, senders: 20, devices: 18, archive: 12_000, pause: 20, burst: 24 },
    scale: Number(values.scale),
    seconds: Number(values.seconds),
    sends: Number(values.sends ?? (full ? 100_000 : 0)),
    kills: Number(values.kills ?? (full ? 100 : 0)),
    tell: say,
  };
}

async function main() {
  const plan = readPlan();
  const enough = new AbortController();
  process.once('SIGTERM', () => enough.abort());
  // A terminal interrupts the services too: there is nothing left to compare with.
  process.once('SIGINT', () => process.exit(130));
  const report = await runChaos({ ...plan, enough: enough.signal });
  process.stdout.write(`${describe(report)}\n`);
  const control = values.naive ? null : await runControl(plan.seed);
  if (control) process.stdout.write(`control              ${summary(control)}\n`);
  if (values.json) writeFileSync(values.json, JSON.stringify({ ...report, late: lateness(report), control }));
  const proven = isSound(report) && lateness(report).length === 0 && (!control || !isClean(control));
  process.exitCode = proven ? 0 : 1;
}

function summary({ counts }: Verdict): string {
  const broken = VIOLATIONS.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${kind}`);
  return broken.join(', ') || 'NOTHING FOUND, though it must fail: the checker is blind';
}

if (values.help) process.stdout.write(`${HELP}\n`);
else await main();
