import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cast } from './cast.ts';
import { emptyTally, live, opening, steps } from './history.ts';

// More of them, and longer ones: npm run fuzz:e2ee. What fails is printed with the seed that brings it back.
const HISTORIES = 1000;

test('whatever a thousand groups live through, members agree and read everything, and nobody else reads anything', async () => {
  const start = await opening(await cast());
  const tally = emptyTally();
  await fc.assert(
    fc.asyncProperty(steps(2, 7), (history) => live(start, history, tally)),
    { numRuns: HISTORIES },
  );
  // A history that does nothing would hold as well.
  for (const [what, times] of Object.entries(tally)) expect({ what, often: times > 50 }).toEqual({ what, often: true });
}, 900_000);
