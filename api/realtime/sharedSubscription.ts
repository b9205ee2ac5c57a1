import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry } from './entry.ts';
import type { RoomReader } from './roomReader.ts';
import type { GroupMember, SharedGroup } from './sharedGroup.ts';
import type { SharedSocket } from './sharedSocket.ts';
import { WrittenOperation } from './writtenOperation.ts';

const FULL = 64 * 1_024;

/**
 * One operation on a room's log: first it writes what its own reader gives, at the pace at which the socket takes it, then,
 * from exactly the next entry on, its group writes to it.
 */
export class SharedSubscription extends WrittenOperation implements GroupMember {
  place = -1;

  constructor(
    id: string,
    socket: SharedSocket,
    private readonly reader: RoomReader,
    private readonly group: SharedGroup,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    super(id, socket);
    group.attach();
    reader.whenEnded(() => this.finish());
    if (socket.admit(this)) void this.catchUp();
    else this.finish();
  }

  isLast(entry: LogEntry): boolean {
    return this.reader.isLast(entry);
  }

  fallBack(position: number) {
    this.reader.goOnAfter(position);
    void this.catchUp();
  }

  protected release() {
    this.group.leave(this);
    this.group.detach();
    void this.reader.return();
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
