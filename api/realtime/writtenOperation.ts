import type { Socket } from 'node:net';
import type { SharedSocket, Writer } from './sharedSocket.ts';

const DONE = { done: true, value: undefined } as const;

/**
 * One operation that writes to its socket by itself. To graphql-ws it is an iterator that yields nothing and is done when
 * the operation is.
 */
export abstract class WrittenOperation implements Writer, AsyncIterableIterator<never> {
  /** The id of the operation, as it stands between quotes in JSON. */
  readonly id: string;
  readonly stream: Socket;
  protected over = false;
  private end: (result: IteratorResult<never>) => void = () => {};

  constructor(
    id: string,
    protected readonly socket: SharedSocket,
  ) {
    this.id = betweenQuotes(id);
    this.stream = (socket as unknown as { _socket: Socket })._socket;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** Is asked once: resolves when the operation is done. */
  next(): Promise<IteratorResult<never>> {
    if (this.over) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** The client has had enough, or the socket closes: nothing may follow its close frame. */
  async return(): Promise<IteratorResult<never>> {
    this.finish();
    return DONE;
  }

  finish() {
    if (this.over) return;
    this.over = true;
    this.socket.forget(this);
    this.release();
    this.end(DONE);
  }

  /** Gives back what the operation holds. */
  protected abstract release(): void;
}

// Most ids stand in JSON as they are, and then need no second copy.
function betweenQuotes(id: string): string {
  const quoted = JSON.stringify(id);
  return quoted.length === id.length + 2 ? id : quoted.slice(1, -1);
}
