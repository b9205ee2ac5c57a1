// npm run soak:e2ee -- --messages 10000 --people 10 --seed 1, each person with two browsers; --cluster for two services.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    people: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    cluster: { type: 'boolean', default: false },
  },
});
const { messages, people, seed, cluster } = values;
const project = cluster ? 'api-cluster' : 'api-embedded';
const command = `vitest run --config tests/vitest.config.ts --project ${project} tests/api/encryptedSoak.test.ts`;
console.info(`${messages} messages among ${people} people with two browsers each, seed ${seed}.`);
const env = { ...process.env, SOAK_MESSAGES: messages, SOAK_PEOPLE: people, SOAK_SEED: seed };
const { status } = spawnSync('npx', command.split(' '), { env, stdio: 'inherit', shell: process.platform === 'win32' });
process.exit(status ?? 1);
