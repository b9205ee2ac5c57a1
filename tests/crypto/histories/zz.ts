import fc from 'fast-check';
import { device } from '../devices.ts';
import { emptyTally, live, steps } from './history.ts';

const devices = await Promise.all(['ann', 'bob', 'carol', 'dave', 'eve'].map((n) => device(n)));
const tally = emptyTally();
const n = Number(process.argv[2]),
  len = Number(process.argv[3]);
const c = process.cpuUsage();
const out = await fc.check(
  fc.asyncProperty(steps(2, len), (h) => live(devices, h, tally)),
  { numRuns: n, seed: Number(process.argv[4] ?? 1) },
);
const d = process.cpuUsage(c);
console.log('cpu ms/history', (d.user + d.system) / 1000 / n, JSON.stringify(tally));
if (out.failed) console.log(fc.defaultReportMessage(out), out.errorInstance);
