import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry } from './entry.ts';
import type { RoomReader } from './roomReader.ts';
import type { GroupMember, SharedGroup } from './sharedGroup.ts';
import type { SharedSocket, Writer } from './sharedSocket.ts';

const FULL = 64 * 1_024;
const DONE = { done: true, value: undefined } as const;

/**
 * One operation on a room's log that writes to its socket by itself: first what its own reader gives, at the pace at
 * which the socket takes it, then, from exactly the next entry on, as a member of its group. To graphql-ws it is an
 * iterator that yields nothing and is done when the operation is.
 */
export class SharedSubscription implements GroupMember, Writer, AsyncIterableIterator<never> {
  readonly id: string;
  readonly stream: Socket;
  place = -1;
  private over = false;
  private end: (result: IteratorResult<never>) => void = () => {};

  constructor(
    id: string,
    private readonly socket: SharedSocket,
    private readonly reader: RoomReader,
    private readonly group: SharedGroup,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.id = betweenQuotes(id);
    this.stream = (socket as unknown as { _socket: Socket })._socket;
    group.attach();
    reader.whenEnded(() => void this.return());
    if (socket.admit(this)) void this.catchUp();
    else this.finish();
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
    this.group.leave(this);
    this.finish();
    return DONE;
  }

  isLast(entry: LogEntry): boolean {
    return this.reader.isLast(entry);
  }

  finish() {
    if (this.over) return;
    this.over = true;
    this.socket.forget(this);
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
    if (this.over) return;
    this.group.tell(this, value);
    if (this.stream.writableLength > FULL) await drained(this.stream);
  }
}

// Most ids stand in JSON as they are, and then need no second copy.
function betweenQuotes(id: string): string {
  const quoted = JSON.stringify(id);
  return quoted.length === id.length + 2 ? id : quoted.slice(1, -1);
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
