import type { Log } from '../log.ts';
import type { Bus } from '../pubsub.ts';

const SECOND = 1_000;

export interface Heartbeat {
  /** Runs the check every second, and at once after the bus was restored. Gives the way to stop it. */
  every(check: () => Promise<void>): () => void;
  stop(): void;
}

/** What covers every lost ring: each second the node looks at the database for what it watches. */
export function startHeartbeat(bus: Bus, log: Log): Heartbeat {
  const checks = new Map<() => Promise<void>, boolean>();
  const run = async (check: () => Promise<void>) => {
    if (checks.get(check) !== false) return;
    checks.set(check, true);
    await check().catch((error) => log.warn('heartbeat.failed', { error }));
    if (checks.has(check)) checks.set(check, false);
  };
  const beat = () => void [...checks.keys()].map(run);
  const timer = setInterval(beat, SECOND).unref();
  bus.onRestored(beat);
  return {
    every: (check) => {
      checks.set(check, false);
      return () => void checks.delete(check);
    },
    stop: () => clearInterval(timer),
  };
}
