/** What is timed: from asking to having it. */
export const TIMED = ['signed in', 'connected', 'read', 'sent', 'heard', 'resumed'] as const;
export type Timed = (typeof TIMED)[number];

/** What happened to everybody: times in milliseconds, and errors by what they said. */
export class Tally {
  readonly times: Record<Timed, number[]> = {
    'signed in': [],
    connected: [],
    read: [],
    sent: [],
    heard: [],
    resumed: [],
  };
  readonly errors = new Map<string, number>();
  /** Messages that were sent, by text: when, and how many have to hear them yet. */
  private readonly sent = new Map<string, number>();

  async time<Result>(what: Timed, act: () => Promise<Result>): Promise<Result> {
    const started = performance.now();
    const result = await act();
    this.times[what].push(performance.now() - started);
    return result;
  }

  sends(body: string) {
    this.sent.set(body, performance.now());
  }

  hears(body: string) {
    const started = this.sent.get(body);
    if (started !== undefined) this.times.heard.push(performance.now() - started);
  }

  error(reason: string) {
    this.errors.set(reason, (this.errors.get(reason) ?? 0) + 1);
  }

  get errorCount(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** The value below which that share of the others lies; NaN of nothing. */
export function part(values: number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
