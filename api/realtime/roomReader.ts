import { AppError } from '../errors.ts';
import type { LogEntry } from './entry.ts';
import type { RoomFeed } from './roomFeed.ts';
import type { RoomFeeds } from './roomFeeds.ts';

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

/** Says who may read: gives what tells the last entry for them, or throws AppError. */
export type Admit = () => Promise<(entry: LogEntry) => boolean>;

/**
 * Reads a room's log from a cursor on: every entry once, in order, without a hole, first from the past, then live.
 * When the cursor is not of this log (ahead of it, or of another epoch) it yields one Reset and goes on from there.
 * A reader that is not asked costs nothing but its cursor. Ends after the entry that is the last for who reads.
 */
export class RoomReader implements AsyncIterableIterator<RoomNews> {
  private cursor = 0;
  private epoch = '';
  /** Whether this entry is the last for who reads. */
  isLast: (entry: LogEntry) => boolean = () => true;
  private notice: ResetNotice | null = null;
  private ended = false;
  /** The last entry was given; the end is told when it is asked for, after that entry. */
  private over = false;
  private cancelWait: () => void = () => {};
  private endings: (() => void)[] | null = null;

  private constructor(
    private readonly feeds: RoomFeeds,
    readonly feed: RoomFeed,
    private readonly admit: Admit,
  ) {}

  /** A reader of a feed that was watched for it; it releases the feed when it ends, and when it cannot begin. */
  static async open(feeds: RoomFeeds, feed: RoomFeed, start: Cursor, admit: Admit): Promise<RoomReader> {
    const reader = new RoomReader(feeds, feed, admit);
    await reader.enter(start).catch(async (error) => {
      await reader.return();
      throw error;
    });
    return reader;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** The position up to which everything was given, when there is no more to give at this moment; null otherwise. */
  get position(): number | null {
    const settled = !this.notice && this.epoch === this.feed.epoch && this.cursor === this.feed.top;
    return settled && !this.ended && !this.over ? this.cursor : null;
  }

  /** Goes on after a later position: what lies before it was given by other means. */
  goOnAfter(position: number) {
    this.cursor = position;
  }

  async next(): Promise<IteratorResult<RoomNews>> {
    while (!this.ended) {
      if (this.over) return this.return();
      if (this.notice) return this.reset(this.notice);
      if (this.epoch !== this.feed.epoch || this.cursor > this.feed.top) await this.enterAgain();
      else if (this.cursor < this.feed.top) {
        const entry = this.feed.at(this.cursor + 1) ?? (await this.feed.past(this.cursor));
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
      for (const onEnd of this.endings ?? []) onEnd();
    }
    return { done: true, value: undefined };
  }

  /**
   * Gives nothing, and ends when there is nothing more to give: for who only has to know until when they may. Entries that
   * are the last for nobody cost nothing.
   */
  async untilOver(): Promise<void> {
    while (!this.ended) {
      this.skip();
      if (this.position === null) await this.next();
      else await this.parting();
    }
  }

  /** Calls back when the reader has ended, for whatever reason; at once when it has already. */
  whenEnded(onEnd: () => void) {
    if (this.ended) return onEnd();
    this.endings = [...(this.endings ?? []), onEnd];
  }

  /** Asks anew who may read, and ends when that is no longer who reads. */
  async admitAgain(): Promise<void> {
    await this.admit().catch(async (error) => {
      if (!(error instanceof AppError)) throw error;
      await this.return();
    });
  }

  // Nobody is admitted for a position later than the one that was read before: the entry that ends the membership is
  // then either known to `admit` or still to come.
  private async enter({ after, epoch }: Cursor) {
    if ((after ?? 0) > this.feed.top) await this.feed.refresh();
    const { roomId, top, epoch: now } = this.feed;
    this.isLast = await this.admit();
    const lost = (epoch ?? now) !== now || (after ?? top) > top;
    this.notice = lost ? { kind: 'RESET', roomId, seq: top, epoch: now, at: new Date().toISOString() } : null;
    this.cursor = lost ? top : Math.max(0, after ?? top);
    this.epoch = now;
  }

  private async enterAgain() {
    await this.enter({ after: this.cursor, epoch: this.epoch }).catch(async (error) => {
      if (!(error instanceof AppError)) throw error;
      await this.return();
    });
  }

  private advance(entry: LogEntry): IteratorResult<RoomNews> {
    this.cursor = entry.seq;
    this.over = this.isLast(entry);
    return { done: false, value: entry };
  }

  private reset(notice: ResetNotice): IteratorResult<RoomNews> {
    this.notice = null;
    return { done: false, value: notice };
  }

  private skip() {
    if (this.notice || this.epoch !== this.feed.epoch) return;
    for (let entry = this.feed.at(this.cursor + 1); entry && !this.over; entry = this.feed.at(this.cursor + 1)) {
      this.advance(entry);
    }
  }

  // Resolves after the entry that is the last for who reads, and when the log is another one.
  private parting() {
    return new Promise<void>((resolve) => {
      const forget = this.feed.onParting((entry) => {
        this.cursor = this.feed.top;
        if (entry && !this.isLast(entry)) return;
        this.over = entry !== null;
        this.cancelWait();
      });
      this.cancelWait = () => {
        forget();
        resolve();
      };
    });
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
