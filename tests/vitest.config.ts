import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
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
const ALIKE = ['tests/api/config.test.ts'];

export default defineConfig({
  root,
  test: {
    // They wait for a third of the time: two cores have room for one file more.
    maxWorkers: 3,
    projects: [
      project('unit', ['tests/*.test.ts', 'tests/{web,crypto}/**/*.test.ts'], patience()),
      project('api-embedded', ['tests/{api,fuzz,protocols}/**/*.test.ts'], { ...embedded, ...warm, ...patience() }),
      project('api-cluster', ['tests/api/**/*.test.ts'], { ...cluster, ...warm, ...patience(), exclude: ALIKE }),
      project('chaos', ['tests/chaos/**/*.test.ts'], patience()),
      project('e2e', ['tests/e2e/**/*.test.ts'], { ...embedded, ...warm, ...patience(), testTimeout: 180_000 }),
    ],
  },
});

// Machines are slow and noisy: only what hangs may fail for its time.
function patience() {
  return { testTimeout: 60_000, hookTimeout: 120_000, teardownTimeout: 30_000, expect: { poll: { timeout: 30_000 } } };
}
