import type { Core } from '../core.ts';

// More often than this tells nobody anything new.
const PAUSE = 300;
const rung = new WeakMap<Core, Map<string, number>>();

/** Whether somebody, named by what they tell and where, was not heard for 0.3 s. Who was not is heard now. */
export function mayRing(core: Core, who: string): boolean {
  const times = rung.get(core) ?? new Map<string, number>();
  rung.set(core, times);
  const now = performance.now();
  // Oldest first: what is over is forgotten, and nothing else.
  for (const [other, at] of times) {
    if (now - at < PAUSE) break;
    times.delete(other);
  }
  if (times.has(who)) return false;
  times.set(who, now);
  return true;
}
