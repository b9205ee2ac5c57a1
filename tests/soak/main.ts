// npm run soak:e2ee -- --messages 10000 --people 10 --seed 1, each person with two browsers; --moments 5 where not every
// moment of the story is to be tried, --stories 200 for more histories, --cluster for two nodes, --kill for nodes that are
// killed meanwhile, --only Mishaps, Histories, Kills or Soak for one part.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    people: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    moments: { type: 'string', default: '1000' },
    stories: { type: 'string', default: '50' },
    cluster: { type: 'boolean', default: false },
    kill: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const { messages, people, seed, moments, stories, cluster, kill, only } = values;
const project = cluster ? 'api-cluster' : 'api-embedded';
console.info(`${messages} messages among ${people} people with two browsers each, seed ${seed}.`);
const env = {
  ...process.env,
  EVERYTHING: 'yes',
  ...{ SOAK_MESSAGES: messages, SOAK_PEOPLE: people, SOAK_SEED: seed, SEED: seed, MOMENTS: moments, STORIES: stories },
  ...(kill && { SOAK_KILLS: 'yes', KILLS: '8', KILLED_STORIES: stories }),
};
const tests = ['encryptedMishaps', 'encryptedHistories', ...(kill ? ['encryptedKills'] : []), 'encryptedSoak'];
for (const test of only ? [`encrypted${only}`] : tests) {
  const command = `vitest run --config tests/vitest.config.ts --project ${project} tests/api/${test}.test.ts`;
  const { status } = spawnSync('npx', command.split(' '), {
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
