import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../chaos/random.ts';
import type { Site } from '../encryptedStage.ts';
import { openMortals } from '../mortals.ts';
import { soak } from '../soak/soak.ts';
import { Strikes } from '../strikes.ts';
import { openWorld } from '../world.ts';

// npm run soak:e2ee asks for more.
const { SOAK_MESSAGES, SOAK_PEOPLE = '3', SOAK_SEED = '1', SOAK_KILLS } = process.env;

let site: Site & { close(): Promise<void>; kills?(): number };
beforeAll(async () => {
  site = SOAK_KILLS ? await openDeadly() : await openWorld();
});
afterAll(() => site?.close());

async function openDeadly() {
  const mortals = await openMortals();
  const { way, kill } = new Strikes(mortals, new Random(SOAK_SEED));
  return { ...mortals, way, kill };
}

test('of all that is said while people come, go, reload and lose the line, nothing is closed to whom it was said', async () => {
  const plan = { messages: Number(SOAK_MESSAGES ?? 120), people: Number(SOAK_PEOPLE), seed: Number(SOAK_SEED) };
  const outcome = await soak(site, plan, SOAK_MESSAGES ? console.info : undefined);
  if (SOAK_MESSAGES) console.info(outcome, site.kills && `${site.kills()} kills`);
  expect(outcome).toMatchObject({ devices: 2 * plan.people, undecryptable: 0, wrong: 0 });
  expect(outcome.sent).toBeGreaterThanOrEqual(plan.messages);
  expect(outcome.opened).toBeGreaterThan(outcome.sent);
  if (site.kills) expect(site.kills()).toBeGreaterThan(0);
}, 7_200_000);
