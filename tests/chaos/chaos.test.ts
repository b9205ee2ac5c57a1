import { expect, test } from 'vitest';
import { runChaos } from './chaos.ts';
import { VIOLATIONS } from './checker.ts';
import type { FaultName } from './faults.ts';
import { describe as describeReport } from './report.ts';
import { NAIVE, SERVER } from './site.ts';

const SIZE = { people: 6, rooms: 3, senders: 8, devices: 9, archive: 10_500, pause: 40, burst: 8 };
const SHORT: FaultName[] = [
  'kill -9',
  'kill -9 between commit and ring',
  'SIGTERM',
  'Redis restarted',
  'Redis frozen',
  'PostgreSQL immediate restart',
  'PostgreSQL connections terminated',
  'PostgreSQL frozen',
  'clients half-open',
  'reader stops reading',
  'bad frames',
  'session revoked',
  'membership revoked',
  'room deleted',
  'cursors of another life',
];
const ENOUGH = { seconds: 0, sends: 300, kills: 2 };
const PATIENCE = 300_000;
const NOTHING = Object.fromEntries(VIOLATIONS.map((kind) => [kind, 0]));

test(
  'two nodes that are killed, cut off and starved lose, repeat and reorder nothing that was acknowledged',
  async () => {
    const report = await runChaos({ program: SERVER, seed: 'test', faults: SHORT, size: SIZE, scale: 0.3, ...ENOUGH });
    const injected = new Set(report.strikes.map(({ name }) => name));
    expect(SHORT.filter((name) => !injected.has(name))).toEqual([]);
    expect(report.kills).toBeGreaterThanOrEqual(2);
    expect(report.acknowledged).toBeGreaterThanOrEqual(300);
    expect(report.repeats).toBeGreaterThan(0);
    expect(report.verdict.deliveries).toBeGreaterThan(report.acknowledged);
    expect(report.verdict.counts, describeReport(report)).toEqual(NOTHING);
    expect(report.troubles).toEqual([]);
  },
  PATIENCE,
);

test(
  'the same checker finds what a server loses that only pushes',
  async () => {
    const faults: FaultName[] = ['Redis restarted', 'kill -9'];
    const plan = {
      program: NAIVE,
      seed: 'control',
      faults,
      size: { ...SIZE, archive: 0 },
      scale: 0.3,
      patience: 2_000,
    };
    const { verdict, acknowledged } = await runChaos({ ...plan, seconds: 0, sends: 100, kills: 1 });
    expect(acknowledged).toBeGreaterThanOrEqual(100);
    expect(verdict.counts.holes + verdict.counts.lost).toBeGreaterThan(0);
  },
  PATIENCE,
);
