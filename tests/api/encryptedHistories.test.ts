import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVICES, live, stories, type Tally } from '../crypto/device/history.ts';
import { realStage } from '../encryptedStage.ts';
import { openWorld, type World } from '../world.ts';

// npm run soak:e2ee asks for more.
const { STORIES = '2', SEED = String(Date.now() % 2 ** 31) } = process.env;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

test(`whatever happens to whom in what weather at the real server, all who are in agree, and each reads what was said to them, once (seed ${SEED})`, async () => {
  const play = await realStage(world, ...DEVICES);
  const tally: Tally = {};
  await fc.assert(
    fc.asyncProperty(stories(8, 14), (story) => live(play, story, tally)),
    { numRuns: Number(STORIES), endOnFailure: true, seed: Number(SEED) },
  );
  if (process.env.STORIES) console.info(tally);
  expect(tally.opened).toBeGreaterThan(0);
}, 3_600_000);
