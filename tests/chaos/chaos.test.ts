import { expect, test } from 'vitest';
import { runChaos, runControl } from './chaos.ts';
import { VIOLATIONS } from './checker.ts';
import { FAULTS, type FaultName, LONG } from './faults.ts';
import { describe as describeReport } from './report.ts';
import { SERVER } from './site.ts';

const SIZE = { people: 6, rooms: 3, senders: 8, devices: 9, archive: 10_500, pause: 40, burst: 8 };
const SHORT = (Object.keys(FAULTS) as FaultName[]).filter((name) => !LONG.includes(name));
// Machines are slow and noisy: only what hangs may fail for its time.
const PATIENCE = 900_000;
const NOTHING = Object.fromEntries(VIOLATIONS.map((kind) => [kind, 0]));

test(
  'two nodes that are killed, cut off and starved lose, repeat and reorder nothing that was acknowledged',
  async () => {
    const goal = { seconds: 100, sends: 1_000, kills: 8 };
    const report = await runChaos({ program: SERVER, seed: 'test', faults: SHORT, size: SIZE, scale: 0.2, ...goal });
    const injected = new Set(report.strikes.map(({ name }) => name));
    expect(SHORT.filter((name) => !injected.has(name))).toEqual([]);
    expect(report.repeats).toBeGreaterThan(0);
    expect(report.verdict.deliveries).toBeGreaterThan(report.acknowledged);
    expect(report.verdict.counts, describeReport(report)).toEqual(NOTHING);
    expect(report.troubles).toEqual([]);
  },
  PATIENCE,
);

test(
  'two nodes are replaced one after the other while people write: nothing is lost, and each ends in peace',
  async () => {
    const goal = { seconds: 0, sends: 100, kills: 0 };
    const size = { ...SIZE, archive: 0 };
    const report = await runChaos({
      program: SERVER,
      seed: 'rolling',
      faults: ['rolling restart'],
      size,
      scale: 0.2,
      ...goal,
    });
    const [rolled] = report.strikes;
    expect(rolled?.sent, 'acknowledged while the nodes were replaced').toBeGreaterThan(0);
    expect(report.verdict.counts, describeReport(report)).toEqual(NOTHING);
    // A node that did not end with 0 stands here, and so does whoever did not catch up.
    expect(report.troubles).toEqual([]);
  },
  PATIENCE,
);

test(
  'the same checker finds what a server loses that only pushes',
  async () => {
    const { counts } = await runControl('control');
    expect(counts.holes + counts.lost).toBeGreaterThan(0);
  },
  PATIENCE,
);
