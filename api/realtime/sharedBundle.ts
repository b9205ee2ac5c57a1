import type { SharedSubscription } from './sharedSubscription.ts';

/** Several shared subscriptions that are one operation on the wire: done when the client has had enough. */
export class SharedBundle implements AsyncIterableIterator<never> {
  private readonly parts = new Set<SharedSubscription>();
  private end: () => void = () => {};
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(private readonly onEnd: () => void) {}

  [Symbol.asyncIterator]() {
    return this;
  }

  /** Adds a part; resolves when that part has ended. */
  async add(part: SharedSubscription): Promise<void> {
    this.parts.add(part);
    await part.next();
    this.parts.delete(part);
  }

  async next(): Promise<IteratorResult<never>> {
    await this.ended;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<never>> {
    this.onEnd();
    for (const part of this.parts) await part.return();
    this.end();
    return { done: true, value: undefined };
  }
}
