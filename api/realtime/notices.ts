const KEPT = 64;

/** Ephemeral notices for one reader: of those with one key the newest, and of all the newest 64. */
export class Notices<Notice> implements AsyncIterableIterator<Notice> {
  private stop: () => void = () => {};
  private readonly waiting = new Map<string, Notice>();
  private ended = false;
  private wake: () => void = () => {};

  constructor(private readonly keyOf: (notice: Notice) => string) {}

  offer(notice: Notice) {
    const key = this.keyOf(notice);
    this.waiting.delete(key);
    this.waiting.set(key, notice);
    const [oldest] = this.waiting.keys();
    if (this.waiting.size > KEPT && oldest !== undefined) this.waiting.delete(oldest);
    this.wake();
  }

  /** What to do at the end; at once, if that was before. */
  stopWith(stop: () => void) {
    if (this.ended) return stop();
    this.stop = stop;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Notice>> {
    while (!this.ended) {
      const [first] = this.waiting;
      if (first) {
        this.waiting.delete(first[0]);
        return { done: false, value: first[1] };
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Notice>> {
    if (!this.ended) {
      this.ended = true;
      this.stop();
      this.wake();
    }
    return { done: true, value: undefined };
  }
}
