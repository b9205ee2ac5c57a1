import type { LogEntry } from './entry.ts';

const PAGE = 100;
const KEPT = 4;
const KEPT_FOR = 5_000;

interface Page {
  revision: number;
  entries: Promise<LogEntry[]>;
}

/**
 * The past of one room, for those who are further back than what its feed keeps. Pages begin at the same places for
 * everyone, so that all who come back from about the same position share one reading of it.
 */
export class RoomPages {
  private readonly kept = new Map<number, Page>();

  constructor(private readonly read: (after: number, limit: number) => Promise<LogEntry[]>) {}

  /** The first entry after a position, if there is one. Of a page that was read under an older revision nothing is given. */
  async after(position: number, revision: number): Promise<LogEntry | undefined> {
    const start = position - (position % PAGE);
    const known = this.kept.get(start);
    const entry = known?.revision === revision ? firstAfter(await known.entries, start, position) : undefined;
    return entry ?? firstAfter(await this.fetch(start, revision), start, position);
  }

  private fetch(start: number, revision: number): Promise<LogEntry[]> {
    const page = { revision, entries: this.read(start, PAGE) };
    const forget = () => void (this.kept.get(start) === page && this.kept.delete(start));
    page.entries.catch(forget);
    setTimeout(forget, KEPT_FOR).unref();
    this.kept.delete(start);
    this.kept.set(start, page);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return page.entries;
  }
}

// Only a deleted room has a hole.
function firstAfter(entries: LogEntry[], start: number, position: number): LogEntry | undefined {
  const next = entries[position - start];
  return next?.seq === position + 1 ? next : entries.find(({ seq }) => seq > position);
}
