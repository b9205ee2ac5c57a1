import { afterAll, beforeAll, expect, test } from 'vitest';
import { soak } from '../soak/soak.ts';
import { openWorld, type World } from '../world.ts';

// npm run soak:e2ee asks for more.
const { SOAK_MESSAGES, SOAK_PEOPLE = '3', SOAK_SEED = '1' } = process.env;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

test('of all that is said while people come, go, reload and lose the line, nothing is closed to whom it was said', async () => {
  const plan = { messages: Number(SOAK_MESSAGES ?? 120), people: Number(SOAK_PEOPLE), seed: Number(SOAK_SEED) };
  const outcome = await soak(world, plan, SOAK_MESSAGES ? console.info : undefined);
  if (SOAK_MESSAGES) console.info(outcome);
  expect(outcome).toMatchObject({ devices: 2 * plan.people, undecryptable: 0, wrong: 0 });
  expect(outcome.sent).toBeGreaterThanOrEqual(plan.messages);
  expect(outcome.opened).toBeGreaterThan(outcome.sent);
}, 7_200_000);
