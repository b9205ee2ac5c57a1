// npm run fuzz:e2ee -- --runs 10000 --steps 30, or --seed N --path P (and the same steps) to see one again.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { cast } from './cast.ts';
import { emptyTally, live, opening, steps } from './history.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    steps: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string', default: '' },
  },
});
const [numRuns, length, seed] = [values.runs, values.steps, values.seed].map(Number) as [number, number, number];
console.log(`${numRuns} histories of up to ${length} steps, seed ${seed}.`);

const start = await opening(await cast());
const tally = emptyTally();
const property = fc.asyncProperty(steps(2, length), (history) => live(start, history, tally));
const outcome = await fc.check(property, { numRuns, seed, path: values.path, verbose: 1 });
console.table(tally);
if (outcome.failed) {
  console.error(fc.defaultReportMessage(outcome), outcome.errorInstance);
  process.exit(1);
}
console.log('All four invariants held in each.');
