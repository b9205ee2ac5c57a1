import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cast, live, stories, type Tally } from './history.ts';

// More with STORIES=1000, and one of them again with SEED besides.
const { STORIES = '40', SEED } = process.env;

test('whatever happens to whom in what weather, all who are in agree, and each reads what was said to them, once', async () => {
  const play = await cast();
  const tally: Tally = {};
  await fc.assert(
    fc.asyncProperty(stories(6, 14), (story) => live(play, story, tally)),
    { numRuns: Number(STORIES), endOnFailure: true, ...(SEED && { seed: Number(SEED) }) },
  );
  for (const kind of ['say', 'edit', 'invite', 'kick', 'leave', 'renew', 'kill', 'race', 'opened', 'outcasts'])
    expect(tally).toHaveProperty(kind);
}, 600_000);
