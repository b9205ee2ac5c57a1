/** Who came and who went; or, complete, everyone who is here now. */
export interface News {
  isComplete: boolean;
  here: string[];
  gone: string[];
}

/** What one subscriber is told: everyone at first, then changes. One that does not read is told of everyone again. */
export class PresenceNews implements AsyncIterableIterator<News> {
  stop: () => void = () => {};
  private incomplete = true;
  private readonly changes = new Map<string, boolean>();
  private news: News | null = null;
  private ended = false;
  private wake: () => void = () => {};

  /** Keeps a change for the next `flush`. */
  note(userId: string, isHere: boolean) {
    this.changes.set(userId, isHere);
  }

  /** Has the next news be complete. */
  startOver() {
    this.incomplete = true;
  }

  flush(everyone: () => Iterable<string>) {
    if (this.changes.size === 0 && !this.incomplete) return;
    const isComplete = this.incomplete || this.news !== null;
    this.news = isComplete ? { isComplete, here: [...everyone()], gone: [] } : this.changed();
    this.incomplete = false;
    this.changes.clear();
    this.wake();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<News>> {
    while (!this.ended) {
      const value = this.news;
      this.news = null;
      if (value) return { done: false, value };
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<News>> {
    if (!this.ended) {
      this.ended = true;
      this.stop();
      this.wake();
    }
    return { done: true, value: undefined };
  }

  private changed(): News {
    const ids = (isHere: boolean) => [...this.changes].filter(([, is]) => is === isHere).map(([userId]) => userId);
    return { isComplete: false, here: ids(true), gone: ids(false) };
  }
}
