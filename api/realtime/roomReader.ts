import type { PrismaClient } from '../db/db.ts';
import type { LogEntry } from './entry.ts';
import type { RoomFeed } from './roomFeed.ts';
import type { RoomFeeds } from './roomFeeds.ts';
import { readEntries } from './roomLog.ts';

export interface ResetNotice {
  kind: 'RESET';
  roomId: string;
  seq: number;
  epoch: string;
  at: string;
}
export type RoomNews = LogEntry | ResetNotice;

/** Where a reader starts: after a position, read under an epoch; without them, at the end. */
export interface Cursor {
  after?: number | null | undefined;
  epoch?: string | null | undefined;
}

/**
 * Reads a room's log from a cursor on: every entry once, in order, without a hole, first from the past, then live.
 * When the cursor is not of this log (ahead of it, or of another epoch) it yields one Reset and goes on from there.
 * A reader that is not asked costs nothing but its cursor. Ends after the entry for which `isLast` is true.
 */
export class RoomReader implements AsyncIterableIterator<RoomNews> {
  private cursor: number;
  private epoch: string;
  private page: LogEntry[] = [];
  private ended = false;
  private cancelWait: () => void = () => {};

  constructor(
    private readonly db: PrismaClient,
    private readonly feeds: RoomFeeds,
    private readonly feed: RoomFeed,
    start: Cursor,
    private readonly isLast: (entry: LogEntry) => boolean,
  ) {
    this.cursor = start.after ?? feed.top;
    this.epoch = start.epoch ?? feed.epoch;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<RoomNews>> {
    while (!this.ended) {
      if (this.epoch !== this.feed.epoch || this.cursor > this.feed.top) return this.reset();
      if (this.cursor < this.feed.top) {
        const entry = this.feed.at(this.cursor + 1) ?? (await this.fromDatabase());
        if (entry && !this.ended) return this.advance(entry);
      } else await this.news();
    }
    return { done: true, value: undefined };
  }

  /** Ends at once, also while a `next` is waiting. */
  async return(): Promise<IteratorResult<RoomNews>> {
    if (!this.ended) {
      this.ended = true;
      this.cancelWait();
      this.feeds.release(this.feed);
    }
    return { done: true, value: undefined };
  }

  private async fromDatabase() {
    if (this.page[0]?.seq !== this.cursor + 1) {
      this.page = await readEntries(this.db, this.feed.roomId, this.cursor);
    }
    return this.page.shift();
  }

  private async advance(entry: LogEntry): Promise<IteratorResult<RoomNews>> {
    this.cursor = entry.seq;
    if (this.isLast(entry)) await this.return();
    return { done: false, value: entry };
  }

  private reset(): IteratorResult<RoomNews> {
    this.page = [];
    this.cursor = this.feed.top;
    this.epoch = this.feed.epoch;
    const { roomId, top, epoch } = this.feed;
    return { done: false, value: { kind: 'RESET', roomId, seq: top, epoch, at: new Date().toISOString() } };
  }

  private news() {
    return new Promise<void>((resolve) => {
      const forget = this.feed.wait(resolve);
      this.cancelWait = () => {
        forget();
        resolve();
      };
    });
  }
}
