import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { applyPatches } from '../api/patches.mjs';

const root = resolve(import.meta.dirname, '..');
applyPatches();

// graphql 16 has two entries, and Vite would take the other one than Node does: errors would lose their class.
const alias = [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }];

function project(name: string, include: string[], rest: TestProjectInlineConfiguration['test'] = {}) {
  return { root, plugins: [vue()], resolve: { alias }, test: { name, include, ...rest } };
}

const embedded = { globalSetup: 'tests/services/embedded.setup.ts', env: { SERVICES: 'embedded' } };
const cluster = { globalSetup: 'tests/services/cluster.setup.ts', env: { SERVICES: 'cluster' } };
const warm = { isolate: false, setupFiles: 'tests/services/warm.setup.ts' };

// It starts servers of its own, the same ones whatever the services are.
const OWN_SERVERS = ['config'];

// In what these ask neither the database nor the bus has a part of its own. They run beside PostgreSQL and Redis, and
// with EVERYTHING=1 on the embedded ones too, on which the whole product runs in the browser tests.
const ALIKE = [
  ...['authorisation', 'routeAuthorisation', 'overload', 'http', 'sockets', 'limits', 'documents', 'logs'],
  ...['legacy', 'legacySocket', 'webhooks', 'notifications', 'presence', 'signals', 'exports', 'load', 'cluster'],
  ...['accounts', 'sessions', 'passkeys', 'secondFactor', 'confirmations', 'recovery', 'passwords', 'usernames'],
  ...['personalTokens', 'profiles', 'users', 'blocks', 'administration', 'invitations', 'audit', 'roster'],
  ...['moderation', 'roomLinks', 'devices', 'replies', 'pins', 'mentions', 'permalinks'],
  ...['encryptedMishaps', 'encryptedSoak'],
];

const api = (names: string[]) => names.map((name) => `tests/api/${name}.test.ts`);

// Those that take a minute and more by themselves: begun last, they would be waited for.
const LONG = ['tests/chaos/chaos.test.ts', 'tests/crypto/histories/histories.test.ts'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  root,
  test: {
    // They wait for a third of the time: two cores have room for one file more.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    projects: [
      project('unit', ['tests/*.test.ts', 'tests/{web,crypto}/**/*.test.ts'], patience()),
      project('api-embedded', ['tests/{api,fuzz,protocols}/**/*.test.ts'], {
        ...{ ...embedded, ...warm, ...patience() },
        exclude: process.env.EVERYTHING ? [] : api(ALIKE),
      }),
      project('api-cluster', ['tests/api/**/*.test.ts'], {
        ...{ ...cluster, ...warm, ...patience() },
        exclude: api(OWN_SERVERS),
      }),
      project('chaos', ['tests/chaos/**/*.test.ts'], patience()),
      project('e2e', ['tests/e2e/**/*.test.ts'], { ...embedded, ...warm, ...patience(), testTimeout: 180_000 }),
    ],
  },
});

// Machines are slow and noisy: only what hangs may fail for its time.
function patience() {
  return { testTimeout: 60_000, hookTimeout: 120_000, teardownTimeout: 30_000, expect: { poll: { timeout: 30_000 } } };
}
