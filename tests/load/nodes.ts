/** What a node said of itself at one moment. */
interface Reading {
  /** CPU seconds since it started, user and system. */
  cpu: number;
  memory: number;
  /** p99 of how late its event loop is, in milliseconds. */
  lag: number;
  deliveries: number;
  at: number;
}

/** What a node did between two moments. */
export interface Spent {
  url: string;
  /** In per cent of one core. */
  cpu: number;
  memoryMB: number;
  lag: number;
  deliveriesPerSecond: number;
}

/** Reads /metrics of a node; null when it does not let us. */
export async function readNode(url: string, token: string | undefined): Promise<Reading | null> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`${url}/metrics`, { headers });
  if (!answer.ok) return null;
  const text = await answer.text();
  const value = (name: string) => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  return {
    cpu: value('process_cpu_seconds_total'),
    memory: value('process_resident_memory_bytes'),
    lag: value('nodejs_eventloop_lag_p99_seconds') * 1_000,
    deliveries: value('shh_deliveries_total'),
    at: performance.now(),
  };
}

export function spentBetween(url: string, before: Reading | null, after: Reading | null): Spent | null {
  if (!before || !after) return null;
  const seconds = (after.at - before.at) / 1_000;
  return {
    url,
    cpu: ((after.cpu - before.cpu) / seconds) * 100,
    memoryMB: after.memory / 1e6,
    lag: after.lag,
    deliveriesPerSecond: (after.deliveries - before.deliveries) / seconds,
  };
}
