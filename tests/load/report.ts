import { type Figure, figureTable, passes, shown, table } from '../bench/figures.ts';
import type { Outcome } from './load.ts';
import { part, TIMED } from './tally.ts';

/** The figures that have a bar. */
export function gateOf({ tally, plan }: Outcome): Figure[] {
  const { sent, heard, read, resumed } = tally.times;
  const bar = (name: string, times: number[], atMost: number): Figure => ({
    name,
    value: part(times, 0.99),
    unit: 'ms',
    atMost,
  });
  return [
    { name: 'errors, holes and repeats', value: tally.errorCount, unit: '', atMost: plan.gate.errors },
    bar('a message until it is acknowledged, p99', sent, plan.gate.sent),
    bar('the same until each in the room has it, p99', heard, plan.gate.heard),
    bar('a page, p99', read, plan.gate.read),
    bar('a lost connection until all is there again, p99', resumed, plan.gate.resumed),
  ];
}

/** What to do about RATE_LIMITED. */
export const LIMITED = 'The server limits this machine: see --help for what to start it with.';

/** Whether every bar is met. What never happened meets none. */
export const isGood = (figures: Figure[]) => figures.every((figure) => passes(figure));

/** What came of it, for people. */
export function describe(outcome: Outcome): string {
  const { plan, tally, nodes, seconds } = outcome;
  const rows = TIMED.map((what) => {
    const times = tally.times[what];
    return [what, times.length.toLocaleString('en'), ...[0.5, 0.99, 1].map((share) => shown(part(times, share)))];
  });
  const perSecond = (count: number) => shown(count / seconds);
  const errors = [...tally.errors].map(([reason, count]) => `${count} × ${reason}`);
  return [
    `${plan.people} people in rooms of ${plan.perRoom}, ${shown(seconds)} s: ${perSecond(tally.times.sent.length)} messages and ` +
      `${perSecond(tally.times.heard.length)} deliveries a second.`,
    table(['', 'times', 'p50, ms', 'p99, ms', 'at most, ms'], rows),
    table(
      ['node', 'CPU of one core', 'memory', 'event loop p99', 'deliveries a second'],
      nodes.map(({ url, cpu, memoryMB, lag, deliveriesPerSecond }) => [
        ...[url, shown(cpu, '%'), shown(memoryMB, 'MB'), shown(lag, 'ms'), shown(deliveriesPerSecond)],
      ]),
    ),
    figureTable(gateOf(outcome)),
    ...(errors.length > 0 ? [errors.join('\n')] : []),
    ...(errors.some((line) => line.includes('RATE_LIMITED')) ? [LIMITED] : []),
  ].join('\n\n');
}

/** The same for programs. */
export function asJson(outcome: Outcome): object {
  const { plan, tally, nodes, seconds } = outcome;
  const times = Object.fromEntries(
    TIMED.map((what) => [
      what,
      { count: tally.times[what].length, p50: part(tally.times[what], 0.5), p99: part(tally.times[what], 0.99) },
    ]),
  );
  const { metricsToken: _, ...told } = plan;
  return { plan: told, seconds, times, nodes, errors: Object.fromEntries(tally.errors), gate: gateOf(outcome) };
}
