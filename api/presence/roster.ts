/** What a node tells the others of its people: all of them, or who came, went or moved since it last told. */
export interface PresenceRing {
  node: string;
  isComplete: boolean;
  here: string[];
  gone: string[];
}

const LINGERS = 10_000;
const COMPLETE_EVERY = 10_000;
const FORGOTTEN_AFTER = 30_000;

/**
 * Who is here, at this node and, as far as rings tell, at the others. Kept in memory only. Whoever leaves is here for
 * 10 s more, so that a reload is not seen; a ring that was lost is made up for within 10 s; a node that was not heard
 * for 30 s is forgotten with its people.
 */
export class Roster {
  private touched = new Set<string>();
  private readonly own = new Map<string, { times: number; since: number }>();
  private readonly others = new Map<string, { people: Set<string>; heardAt: number }>();
  private untold = new Set<string>();
  private completeAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly node: string) {}

  /** Counts somebody as here; once for each time, until `leave`. */
  enter(userId: string) {
    const entry = this.own.get(userId);
    if (entry) entry.times += 1;
    else {
      this.own.set(userId, { times: 1, since: 0 });
      this.touch(userId);
    }
  }

  leave(userId: string, now: number) {
    const entry = this.own.get(userId);
    if (entry) Object.assign(entry, { times: entry.times - 1, since: now });
  }

  /** Has every node look again at the rooms of somebody who is here. */
  touch(userId: string) {
    this.touched.add(userId);
    this.untold.add(userId);
  }

  /** Gives back what was taken, when nothing could be done about it. */
  giveBack(touched: Iterable<string>) {
    for (const userId of touched) this.touched.add(userId);
  }

  isHere(userId: string): boolean {
    return this.own.has(userId) || [...this.others.values()].some(({ people }) => people.has(userId));
  }

  /** Everyone who came, went or moved since it was last asked. */
  take(): Set<string> {
    const { touched } = this;
    this.touched = new Set();
    return touched;
  }

  /** Lets go whoever is gone by now. Gives what the other nodes are to be told, if anything. */
  beat(now: number): PresenceRing | null {
    for (const [userId, { times, since }] of this.own) {
      if (times > 0 || now - since < LINGERS) continue;
      this.own.delete(userId);
      this.touch(userId);
    }
    for (const [node, { heardAt }] of this.others) if (now - heardAt >= FORGOTTEN_AFTER) this.forget(node);
    if (now - this.completeAt >= COMPLETE_EVERY) return this.complete(now);
    return this.untold.size > 0 ? this.changes() : null;
  }

  /** Tells the other nodes of everyone with the next beat: they may have missed something. */
  tellAll() {
    this.completeAt = Number.NEGATIVE_INFINITY;
  }

  hear(ring: PresenceRing, now: number) {
    if (ring.node === this.node) return;
    if (!this.others.has(ring.node)) this.tellAll();
    const { people } = this.others.get(ring.node) ?? { people: new Set<string>() };
    this.others.set(ring.node, { people, heardAt: now });
    const here = new Set(ring.here);
    const gone = ring.isComplete ? [...people].filter((userId) => !here.has(userId)) : ring.gone;
    const came = ring.isComplete ? ring.here.filter((userId) => !people.has(userId)) : ring.here;
    for (const userId of gone) people.delete(userId);
    for (const userId of came) people.add(userId);
    for (const userId of [...gone, ...came]) this.touched.add(userId);
  }

  private forget(node: string) {
    for (const userId of this.others.get(node)?.people ?? []) this.touched.add(userId);
    this.others.delete(node);
  }

  private complete(now: number): PresenceRing {
    this.completeAt = now;
    this.untold.clear();
    return { node: this.node, isComplete: true, here: [...this.own.keys()], gone: [] };
  }

  private changes(): PresenceRing {
    const here = [...this.untold].filter((userId) => this.own.has(userId));
    const gone = [...this.untold].filter((userId) => !this.own.has(userId));
    this.untold.clear();
    return { node: this.node, isComplete: false, here, gone };
  }
}
