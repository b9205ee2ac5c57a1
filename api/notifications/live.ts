import type { Core } from '../core.ts';

const EVERY = 4;

/** Says in the database which devices have a socket open at this node, so that no node tells them by push. */
export class LiveSessions {
  private beats = 0;
  private known = new Set<string>();

  constructor(
    private readonly core: Core,
    private readonly open: () => string[],
  ) {}

  /** Each second: who came is noted and who went is taken back; who stays is noted again every few seconds. */
  async beat(): Promise<void> {
    const now = new Set(this.open());
    const all = this.beats++ % EVERY === 0;
    const noted = [...now].filter((id) => all || !this.known.has(id));
    const gone = [...this.known].filter((id) => !now.has(id));
    this.known = now;
    if (noted.length > 0) await this.note(noted);
    if (gone.length > 0) await this.takeBack(gone);
  }

  private note(ids: string[]) {
    return this.core.db
      .$executeRaw`UPDATE push_subscription SET live_at = now() WHERE session_id = ANY(${ids}::uuid[])`;
  }

  // Where another node has a socket of the same session, it notes that again.
  private takeBack(ids: string[]) {
    return this.core.db.$executeRaw`UPDATE push_subscription SET live_at = NULL WHERE session_id = ANY(${ids}::uuid[])`;
  }
}
