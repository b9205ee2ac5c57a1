import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLoad } from '../load/load.ts';
import { GATE, type Plan, readPlan } from '../load/plan.ts';
import { asJson, describe, gateOf, isGood } from '../load/report.ts';
import { openWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

// What is too slow here may only be so because the machine is: that is no matter of this test.
const PATIENT = { sent: 60_000, heard: 60_000, read: 60_000, resumed: 60_000, errors: 0 };

test('nine people live on a server for three seconds, and the gate says what came of it', async () => {
  const plan: Plan = {
    ...{ urls: [world.node.url], people: 9, perRoom: 3, seconds: 3, pause: 0.1, name: 'nine', gate: PATIENT },
  };
  const outcome = await runLoad(plan, () => {});
  const { times, errors } = outcome.tally;
  expect([...errors]).toEqual([]);
  expect(times['signed in']).toHaveLength(9);
  // Each message is heard by the three of its room, and what was said while somebody was away is no message of the count.
  expect(times.heard).toHaveLength(3 * times.sent.length);
  expect(Math.min(times.sent.length, times.read.length, times.resumed.length)).toBeGreaterThan(0);
  expect(isGood(gateOf(outcome))).toBe(true);
  expect(describe(outcome)).toContain('errors, holes and repeats | 0');
  expect(asJson(outcome)).toMatchObject({ nodes: [{ cpu: expect.any(Number), memoryMB: expect.any(Number) }] });

  expect(isGood(gateOf({ ...outcome, plan: { ...plan, gate: { ...PATIENT, sent: 0 } } }))).toBe(false);
  outcome.tally.error('a hole in the log');
  expect(isGood(gateOf(outcome))).toBe(false);
  // The second time they are known.
  expect((await runLoad({ ...plan, people: 3, seconds: 0.1 }, () => {})).tally.errorCount).toBe(0);
});

test('the command says what it does not understand, and leaves other machines alone', () => {
  expect(readPlan(['http://127.0.0.1:1/', '--people', '7', '--gate=heard=90'])).toMatchObject({
    urls: ['http://127.0.0.1:1'],
    people: 7,
    gate: { ...GATE, heard: 90 },
  });
  expect(() => readPlan(['https://chat.example.org'])).toThrow('--elsewhere');
  expect(readPlan(['https://chat.example.org', '--elsewhere']).urls).toEqual(['https://chat.example.org']);
  expect(() => readPlan(['--people', 'many'])).toThrow('--people is a number');
  expect(() => readPlan(['--peple', '3'])).toThrow('There is no --peple');
  expect(() => readPlan(['--gate', 'luck=3'])).toThrow('--gate does not know luck=3');
});

test('whoever is on a server that restarts as it was told to comes back and misses nothing, and that is no error', async () => {
  const { url } = world.node;
  const plan: Plan = { urls: [url], people: 6, perRoom: 3, seconds: 3, pause: 0.1, name: 'six', gate: PATIENT };
  let restarted: Promise<unknown> | undefined;
  const restart = async () => {
    await world.node.close();
    await world.anotherNode({ PORT: new URL(url).port });
  };
  const { tally } = await runLoad(plan, () => {
    restarted = restart(); // When everybody is there.
  });
  await restarted;
  expect([...tally.errors]).toEqual([]);
  expect(tally.times.sent.length).toBeGreaterThan(0);
  expect(tally.times.heard).toHaveLength(3 * tally.times.sent.length);
});
