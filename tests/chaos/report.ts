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
  /** The longest time without an acknowledged send while it lasted. */
  gap: number;
  /** Sends acknowledged while it lasted. */
  sent: number;
}

/** From storing to arrival, in milliseconds. */
export interface Delay {
  p50: number;
  p99: number;
  max: number;
}

/** Everything that a run has found. */
export interface Report {
  seed: string;
  seconds: number;
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
  delays: { quiet: Delay; withoutRedis: Delay };
}

/** Whether every promise was kept. */
export const isSound = ({ verdict, troubles }: Report) => isClean(verdict) && troubles.length === 0;

/** The report as a person reads it. */
export function describe(report: Report): string {
  const { verdict, strikes, troubles, delays } = report;
  return [
    `seed ${report.seed}, ${report.seconds.toFixed(0)} s, ${strikes.length} faults, ${report.kills} kill -9`,
    '',
    ...table(strikes),
    '',
    `sends acknowledged   ${report.acknowledged} (and ${report.edits} messages edited, ${report.deletions} deleted)`,
    `sent more than once  ${report.repeats} (${report.twins} to both nodes at once)`,
    `deliveries           ${verdict.deliveries} over ${report.resumptions} subscriptions`,
    `delay, no fault      ${row(delays.quiet)}`,
    `delay, Redis gone    ${row(delays.withoutRedis)}`,
    `refusals             ${JSON.stringify(report.answers)}`,
    ...VIOLATIONS.map((kind) => `${NAMES[kind].padEnd(20)} ${verdict.counts[kind]}`),
    ...[...verdict.examples, ...troubles].map((text) => `  ! ${text}`),
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
  const width = Math.max(...names.map((name) => name.length), 5);
  const head = `${'fault'.padEnd(width)}  times  recovery p50 / max (ms)  longest pause of sends (ms)`;
  const line = (label: string, own: Strike[]) => {
    const times = own.map(({ recovery }) => recovery);
    const recovery = `${quantile(times, 0.5)} / ${Math.max(...times)}`;
    return `${label.padEnd(width)}  ${String(own.length).padStart(5)}  ${recovery.padStart(23)}  ${Math.max(...own.map(({ gap }) => gap))}`;
  };
  const rows = names.map((name) =>
    line(
      name,
      strikes.filter((strike) => strike.name === name),
    ),
  );
  return strikes.length > 0 ? [head, ...rows, line('all', strikes)] : ['no faults'];
}

const row = ({ p50, p99, max }: Delay) => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;

/** How long entries took to readers that read: stored while nothing was broken, and while only Redis was. */
export function delaysWithin(logs: RoomLog[], histories: History[], strikes: Strike[]): Report['delays'] {
  const stored = new Map(logs.map((log) => [log.roomId, new Map(log.entries.map(({ seq, at }) => [seq, at]))]));
  const quiet: number[] = [];
  const withoutRedis: number[] = [];
  for (const history of histories.filter(({ prompt }) => prompt)) {
    for (const { seq, at } of history.live()) {
      const since = stored.get(history.roomId)?.get(seq);
      if (since === undefined) continue;
      const strike = strikes.find(({ from, to, recovery }) => since >= from - 1_000 && since <= to + recovery + 3_000);
      if (!strike) quiet.push(at - since);
      else if (REDIS.has(strike.name) && since >= strike.from && since <= strike.to) withoutRedis.push(at - since);
    }
  }
  return { quiet: delayOf(quiet), withoutRedis: delayOf(withoutRedis) };
}

const REDIS = new Set<string>([
  'Redis killed',
  'Redis frozen',
  'Redis half-open',
  'Redis unreachable',
  'Redis answers errors',
]);

function delayOf(values: number[]): Delay {
  const sorted = values.sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) ?? 0 };
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
