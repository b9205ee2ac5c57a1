import { retryAfter } from './errors';

const FIRST = 300;
const LONGEST = 15_000;
const sleepers = new Set<() => void>();

/** How long to wait before try number `attempt` (from 1), in ms: full jitter between 0.3 s and at most 15 s. */
export function retryDelay(attempt: number, random = Math.random): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
  return FIRST + random() * (ceiling - FIRST);
}

/** The same after an error, and no shorter than the server asks for with it. */
export const delayAfter = (error: unknown, attempt: number): number =>
  Math.max(retryAfter(error) * 1000, retryDelay(attempt));

/** Waits before another try, but not longer than until `wake`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wakeUp = () => {
      clearTimeout(timer);
      sleepers.delete(wakeUp);
      resolve();
    };
    const timer = setTimeout(wakeUp, ms);
    sleepers.add(wakeUp);
  });
}

/** Ends every `pause`: the network may be back. */
export function wake() {
  for (const wakeUp of sleepers) wakeUp();
}
