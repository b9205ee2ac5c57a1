import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { LogEntry } from './entry.ts';
import type { RoomReader } from './roomReader.ts';
import type { GroupMember, SharedGroup } from './sharedGroup.ts';

const FULL = 64 * 1_024;
const DONE = { done: true, value: undefined } as const;

/**
 * One operation on a room's log that writes to its socket by itself: first what its own reader gives, at the pace at
 * which the socket takes it, then, from exactly the next entry on, as a member of its group. To graphql-ws it is an
 * iterator that yields nothing and is done when the operation is.
 */
export class SharedSubscription implements GroupMember, AsyncIterableIterator<never> {
  readonly stream: Socket;
  private over = false;
  private end: (result: IteratorResult<never>) => void = () => {};

  readonly id: string;

  constructor(
    id: string,
    private readonly socket: WebSocket,
    private readonly reader: RoomReader,
    private readonly group: SharedGroup,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.id = JSON.stringify(id).slice(1, -1);
    this.stream = (socket as unknown as { _socket: Socket })._socket;
    group.attach();
    reader.whenEnded(() => void this.return());
    void this.catchUp();
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

  /** The client has had enough, or the socket is gone. */
  async return(): Promise<IteratorResult<never>> {
    this.group.leave(this);
    this.finish();
    return DONE;
  }

  /** False once the closing of the socket has begun: nothing may follow its close frame. */
  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  isLast(entry: LogEntry): boolean {
    return this.reader.isLast(entry);
  }

  finish() {
    if (this.over) return;
    this.over = true;
    this.group.detach();
    void this.reader.return();
    this.end(DONE);
  }

  fallBack(position: number) {
    this.reader.goOnAfter(position);
    void this.catchUp();
  }

  private async catchUp() {
    while (!this.over && !this.joined()) {
      try {
        await this.step();
      } catch (error) {
        // The database is away: what is missed meanwhile is in the log.
        this.onTrouble(error);
        await sleep(500 + Math.random() * 1_000, undefined, { ref: false });
      }
    }
  }

  private joined(): boolean {
    const { position } = this.reader;
    return position !== null && this.group.join(this, position);
  }

  private async step() {
    const { done, value } = await this.reader.next();
    if (done) return this.finish();
    if (this.over || !this.isOpen) return;
    this.stream.write(this.group.frameFor(this.id, value));
    if (this.stream.writableLength > FULL) await drained(this.stream);
  }
}

async function drained(stream: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
