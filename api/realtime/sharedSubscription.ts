import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { LogEntry } from './entry.ts';
import { NextFrames } from './frames.ts';
import type { ResetNotice, RoomReader } from './roomReader.ts';
import type { GroupMember, SharedGroup } from './sharedGroup.ts';

const FULL = 64 * 1_024;

/**
 * One operation on a room's log that writes to its socket by itself: first what its own reader gives, at the pace at
 * which the socket takes it, then, from exactly the next entry on, as a member of its group. To graphql-ws it is an
 * iterator that yields nothing and is done when the operation is.
 */
export class SharedSubscription implements GroupMember, AsyncIterableIterator<never> {
  readonly stream: Socket;
  private over = false;
  private end: () => void = () => {};
  private readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(
    readonly id: string,
    private readonly socket: WebSocket,
    private readonly reader: RoomReader,
    private readonly group: SharedGroup,
    private readonly textOfReset: (notice: ResetNotice) => string,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.stream = (socket as unknown as { _socket: Socket })._socket;
    group.attach();
    reader.whenEnded(() => void this.return());
    void this.catchUp();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<never>> {
    await this.ended;
    return { done: true, value: undefined };
  }

  /** The client has had enough, or the socket is gone. */
  async return(): Promise<IteratorResult<never>> {
    this.group.leave(this);
    this.finish();
    return { done: true, value: undefined };
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
    this.end();
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
    const frames = value.kind === 'RESET' ? new NextFrames(this.textOfReset(value)) : this.group.framesOf(value);
    this.stream.write(frames.for(this.id));
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
