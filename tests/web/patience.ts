import { vi } from 'vitest';

// Machines are slow and noisy: only what hangs may fail for its time.
vi.setConfig({ testTimeout: 60_000 });

/** Waits until the check no longer throws, and gives what it gives. */
export const until = <Result>(check: () => Result | Promise<Result>) =>
  vi.waitFor(check, { timeout: 30_000, interval: 5 });
