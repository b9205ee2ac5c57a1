import type { Log } from '../log.ts';
import { isLastForSomebody, type LogEntry, type MessageState, toQuote, withPerson } from './entry.ts';
import type { Person } from './person.ts';
import type { Position } from './positions.ts';
import type { RoomPages } from './roomPages.ts';

const KEPT = 256;
/** Of what is sealed, in characters: without a text to speak of, the newest entries may be large. */
const MOST_SEALED = 4_000_000;

/**
 * The newest entries of one watched room, without a hole, ending at `top`. Readers own a cursor and pull;
 * a feed owes nobody a queue.
 */
export class RoomFeed {
  top = 0;
  epoch = '';
  /** Grows when something that was read before may not be handed out as it was: edited, deleted, or of a new name. */
  revision = 0;
  private latest: LogEntry[] = [];
  private sealed = 0;
  private readonly waiting = new Set<() => void>();
  private readonly toldOfPartings = new Set<(entry: LogEntry | null) => void>();
  private readers = 0;
  private stop: (() => void) | null = null;
  private pulling: Promise<void> | null = null;
  private rungBefore = 0;
  private missed = false;

  constructor(
    readonly roomId: string,
    private readonly read: (after: number) => Promise<LogEntry[]>,
    private readonly pages: RoomPages,
    private readonly log: Log,
  ) {}

  start(position: Position, stop: () => void) {
    this.top = position.seq;
    this.epoch = position.epoch;
    this.stop = stop;
    if (this.rungBefore > this.top) this.pull();
  }

  /** False when the feed has ended meanwhile: open another. */
  retain(): boolean {
    if (!this.stop) return false;
    this.readers++;
    return true;
  }

  release() {
    if (--this.readers > 0) return;
    this.stop?.();
    this.stop = null;
  }

  /** Entries from a ring: taken when they are the next ones, a reason to look at the log otherwise. */
  offer(entries: LogEntry[]) {
    if (!this.stop) return this.remember(entries);
    for (const entry of entries) if (entry.seq === this.top + 1) this.keep(entry);
    if ((entries.at(-1)?.seq ?? 0) > this.top) this.pull();
    this.wake();
  }

  /** Nothing is handed out any more under the name that this person had. */
  rename(id: string, person: Person | null) {
    this.revision++;
    this.latest = this.latest.map((entry) => withPerson(entry, id, person));
  }

  /**
   * The position as the database has it, asked for when the feed ended at `asked`: ahead means lost rings, behind
   * or another epoch a restored database.
   */
  check(position: Position, asked: number) {
    if (position.epoch !== this.epoch || position.seq < asked) return this.restart(position);
    if (position.seq > this.top) this.pull();
  }

  /** Resolves when everything that stood in the log before the call is here, unless the database cannot be reached. */
  async refresh(): Promise<void> {
    await this.pulling;
    this.pull();
    await this.pulling;
  }

  /** The entry with that seq if it is among those kept. */
  at(seq: number): LogEntry | undefined {
    return this.latest[seq - (this.latest[0]?.seq ?? 0)];
  }

  /** The first entry after a position that lies before what is kept. */
  past(position: number): Promise<LogEntry | undefined> {
    return this.pages.after(position, this.revision);
  }

  /** Resolves when there may be something new, or when `cancel` is called with what this returned. */
  wait(onWake: () => void): () => void {
    this.waiting.add(onWake);
    return () => this.waiting.delete(onWake);
  }

  /** Calls back with each entry that may be the last for somebody, and with null when the log becomes another. */
  onParting(callback: (entry: LogEntry | null) => void): () => void {
    this.toldOfPartings.add(callback);
    return () => this.toldOfPartings.delete(callback);
  }

  private remember(entries: LogEntry[]) {
    this.rungBefore = Math.max(this.rungBefore, entries.at(-1)?.seq ?? 0);
  }

  private keep(entry: LogEntry) {
    this.top = entry.seq;
    this.latest.push(entry);
    this.sealed += sealedSize(entry);
    while (this.latest.length > KEPT || (this.sealed > MOST_SEALED && this.latest.length > 1)) this.forgetOldest();
    if (entry.message && entry.kind !== 'MESSAGE') this.rewrite(entry.message);
    if (entry.kind === 'MESSAGE_EDITED' || entry.kind === 'MESSAGE_DELETED') this.revision++;
    // Who is behind reads from the database what is left of the rest.
    if (entry.kind === 'ROOM_DELETED' || entry.kind === 'MESSAGES_EXPIRED') this.forgetBefore(entry);
    if (isLastForSomebody(entry)) for (const tell of this.toldOfPartings) tell(entry);
  }

  private forgetOldest() {
    const oldest = this.latest.shift();
    if (oldest) this.sealed -= sealedSize(oldest);
  }

  // What was edited or deleted is not handed out in its old wording, not even from memory or in a quote.
  private rewrite(message: MessageState) {
    this.replace(this.latest.map((entry) => withNews(entry, message)));
  }

  private forgetBefore(entry: LogEntry) {
    this.revision++;
    this.replace([entry]);
  }

  private replace(entries: LogEntry[]) {
    this.latest = entries;
    this.sealed = entries.reduce((size, entry) => size + sealedSize(entry), 0);
  }

  private pull() {
    this.missed = true;
    this.pulling ??= this.catchUp()
      .catch((error) => this.log.warn('feed.pull_failed', { error }))
      .finally(() => {
        this.pulling = null;
      });
  }

  private async catchUp() {
    while (this.missed) {
      this.missed = false;
      const entries = await this.read(this.top);
      for (const entry of entries) this.take(entry);
      if (entries.length > 0) this.missed = true;
      this.wake();
    }
  }

  // Only a deleted room has a hole: everything before its last entry is gone.
  private take(entry: LogEntry) {
    if (entry.seq <= this.top) return;
    if (entry.seq !== this.top + 1) this.replace([]);
    this.keep(entry);
  }

  private restart(position: Position) {
    for (const tell of this.toldOfPartings) tell(null);
    this.revision++;
    this.replace([]);
    this.top = position.seq;
    this.epoch = position.epoch;
    this.wake();
  }

  private wake() {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }
}

function sealedSize({ sealed, message }: LogEntry): number {
  const bytes = sealed ?? message?.sealed;
  return bytes ? bytes.mls.length + (bytes.body?.length ?? 0) : 0;
}

function withNews(entry: LogEntry, news: MessageState): LogEntry {
  const { message } = entry;
  if (message?.id === news.id && message.changedSeq < news.changedSeq) return { ...entry, message: news };
  if (message?.replyTo?.id === news.id) return { ...entry, message: { ...message, replyTo: toQuote(news) } };
  if (news.deletedAt && entry.sealed && entry.targetId === news.id)
    return { ...entry, sealed: { ...entry.sealed, body: null } };
  return entry;
}
