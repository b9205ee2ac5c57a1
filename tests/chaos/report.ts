import { cpus, loadavg } from 'node:os';
import { isClean, type RoomLog, type Verdict, VIOLATIONS } from './checker.ts';
import type { FaultName } from './faults.ts';
import type { History } from './history.ts';

/** One fault that was injected, and what was felt of it. Times in milliseconds. */
export interface Strike {
  name: FaultName;
  from: number;
  to: number;
  /** From its end until every member had everything that stood in the logs at its end. */
  recovery: number;
  /** The same for each device that was at a node that it made die. */
  resumed: number[];
  /** The longest time without an acknowledged send while it lasted. */
  gap: number;
  /** Sends acknowledged while it lasted. */
  sent: number;
}

/** Times in milliseconds, and how many there were. */
export interface Spread {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** Everything that a run has found. */
export interface Report {
  seed: string;
  seconds: number;
  machine: string;
  strikes: Strike[];
  kills: number;
  verdict: Verdict;
  /** What else went wrong: nodes that ended by themselves, probes that got the wrong answer. */
  troubles: string[];
  acknowledged: number;
  repeats: number;
  twins: number;
  edits: number;
  deletions: number;
  resumptions: number;
  answers: Record<string, number>;
  /** From storing to arrival. */
  delays: { quiet: Spread; withoutRedis: Spread };
  /** From the death of a node until a device that was there had everything. */
  resumed: Spread;
  /** From SIGTERM to the end of the node. */
  stopped: Spread;
}

/** Whether every promise was kept that does not depend on how fast the machine is. */
export const isSound = ({ verdict, troubles }: Report) => isClean(verdict) && troubles.length === 0;

/** The promises about time that were not kept. */
export function lateness({ resumed, delays, stopped }: Report): string[] {
  const bars: [string, number, number][] = [
    ['resuming after a node died, p99', resumed.p99, 5_000],
    ['delay with Redis gone, p99', delays.withoutRedis.p99, 1_300],
    ['stopping after SIGTERM, at most', stopped.max, 10_000],
  ];
  return bars.filter(([, is, bar]) => is > bar).map(([what, is, bar]) => `${what}: ${is} ms, the bar is ${bar} ms`);
}

/** What it ran on, and how busy that was. */
export function machine(): string {
  const load = loadavg().map((average) => average.toFixed(1));
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load.join(' ')}, Node ${process.versions.node}`;
}

/** The report as a person reads it. */
export function describe(report: Report): string {
  const { verdict, strikes, troubles, delays } = report;
  return [
    `seed ${report.seed}, ${report.seconds.toFixed(0)} s, ${strikes.length} faults, ${report.kills} kill -9`,
    report.machine,
    '',
    ...table(strikes),
    '',
    `sends acknowledged   ${report.acknowledged} (and ${report.edits} messages edited, ${report.deletions} deleted)`,
    `sent more than once  ${report.repeats} (${report.twins} to both nodes at once)`,
    `deliveries           ${verdict.deliveries} over ${report.resumptions} subscriptions`,
    `resumed, node died   ${row(report.resumed)}`,
    `delay, Redis gone    ${row(delays.withoutRedis)}`,
    `delay, no fault      ${row(delays.quiet)}`,
    `stopped by SIGTERM   ${row(report.stopped)}`,
    `refusals             ${JSON.stringify(report.answers)}`,
    ...VIOLATIONS.map((kind) => `${NAMES[kind].padEnd(20)} ${verdict.counts[kind]}`),
    ...[...verdict.examples, ...troubles].map((text) => `  ! ${text}`),
    ...lateness(report).map((text) => `  ! ${text}`),
    isSound(report) ? 'Every promise was kept.' : 'PROMISES WERE BROKEN.',
  ].join('\n');
}

const NAMES: Record<(typeof VIOLATIONS)[number], string> = {
  lost: 'lost',
  undelivered: 'undelivered',
  duplicated: 'duplicated',
  holes: 'holes',
  reordered: 'reordered',
  phantoms: 'phantoms',
  afterRemoval: 'after own removal',
  wrongReset: 'wrong Reset',
  wrongState: 'wrong final state',
  wrongCount: 'count ≠ last_seq',
};

function table(strikes: Strike[]): string[] {
  const names = [...new Set(strikes.map(({ name }) => name))].sort();
  const lines = [...names, 'all'].map((name) => line(name, name === 'all' ? strikes : strikes.filter(called(name))));
  return strikes.length > 0 ? [line('fault'), ...lines] : ['no faults'];
}

const called = (name: string) => (strike: Strike) => strike.name === name;

function line(name: string, strikes?: Strike[]): string {
  const { count, p50, p99, max } = spreadOf(strikes?.map(({ recovery }) => recovery) ?? []);
  const pause = Math.max(...(strikes?.map(({ gap }) => gap) ?? []));
  const cells = strikes
    ? [count, p50, p99, max, pause]
    : ['times', 'caught up p50', 'p99', 'max ms', 'sends paused ms'];
  return [name.padEnd(33), ...cells.map((cell, n) => String(cell).padStart([5, 14, 6, 7, 16][n] as number))].join(' ');
}

const row = ({ count, p50, p99, max }: Spread) => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (${count})`;

/** How long entries took to readers that read: stored while nothing was broken, and while only Redis was. */
export function delaysWithin(logs: RoomLog[], histories: History[], strikes: Strike[]): Report['delays'] {
  const stored = new Map(logs.map((log) => [log.roomId, new Map(log.entries.map(({ seq, at }) => [seq, at]))]));
  const quiet: number[] = [];
  const withoutRedis: number[] = [];
  for (const history of histories.filter(({ prompt }) => prompt)) {
    for (const { seq, at } of history.live()) {
      const since = stored.get(history.roomId)?.get(seq);
      if (since === undefined) continue;
      const strike = strikes.find(({ from, to, recovery }) => since >= from - 500 && since <= to + recovery + 1_000);
      if (!strike) quiet.push(at - since);
      else if (REDIS.has(strike.name) && since >= strike.from && since <= strike.to) withoutRedis.push(at - since);
    }
  }
  return { quiet: spreadOf(quiet), withoutRedis: spreadOf(withoutRedis) };
}

const REDIS = new Set<string>([
  'Redis killed',
  'Redis frozen',
  'Redis half-open',
  'Redis unreachable',
  'Redis gone for long',
  'Redis answers errors',
]);

/** How these times are spread. */
export function spreadOf(times: number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
