import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** Rounds of fuzzing, each with a seed of its own, until the minutes are over or one fails. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    inputs: { type: 'string', default: '50000' },
    seed: { type: 'string' },
  },
});
const PER_ROUND = 5_000;
const PROJECTS = '--project api-embedded --project unit';
const COMMAND = `vitest run --config tests/vitest.config.ts ${PROJECTS} tests/fuzz tests/web/messageText`;

const end = Date.now() + Number(values.minutes) * 60_000;
const times = Math.max(1, Math.min(4, Math.ceil(Number(values.inputs) / PER_ROUND)));
const rounds = values.seed ? 1 : Math.ceil(Number(values.inputs) / PER_ROUND / times);
for (let round = 0; round < rounds && Date.now() < end; round++) {
  const seed = values.seed ?? String(randomInt(2 ** 31));
  console.info(
    `Round ${round + 1} of ${rounds}, ${times * PER_ROUND} inputs: npm run fuzz -- --seed ${seed} --inputs ${values.inputs}`,
  );
  const env = { ...process.env, FUZZ_SEED: seed, FUZZ_TIMES: String(times) };
  const { status } = spawnSync('npx', COMMAND.split(' '), {
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
}
