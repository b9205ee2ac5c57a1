import type { SharedSocket, Writer } from './sharedSocket.ts';
import type { SharedSubscription } from './sharedSubscription.ts';

/** Several shared subscriptions that are one operation on the wire: done when the client has had enough, or closes. */
export class SharedBundle implements Writer, AsyncIterableIterator<never> {
  private readonly parts = new Set<SharedSubscription>();
  private end: () => void = () => {};
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(
    private readonly socket: SharedSocket,
    private readonly onEnd: () => void,
  ) {
    if (!socket.admit(this)) void this.return();
  }

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
    this.socket.forget(this);
    for (const part of this.parts) void part.return();
    this.end();
    return { done: true, value: undefined };
  }
}
