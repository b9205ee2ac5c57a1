import { Crowd } from './crowd.ts';

/** What a node tells the others of its people: who came, went or moved since it last told, or, where one asked, all of them. */
export interface PresenceRing {
  node: string;
  isComplete: boolean;
  here: string[];
  gone: string[];
  /** The mark of who is here after this. */
  mark: string;
  /** The nodes whose people are not known well, and which are to tell of all of them. */
  asks: string[];
}

const LINGERS = 10_000;
const HEARD_EVERY = 10_000;
const FORGOTTEN_AFTER = 30_000;
/** Nodes that are asked with one ring: what they answer is large, and every node hears it. */
const MOST_ASKED = 10;

/**
 * Who is here, at this node and, as far as rings tell, at the others. Kept in memory only. Whoever leaves is here for
 * 10 s more, so that a reload is not seen; a ring that was lost is noticed with the next, 10 s later at most, and made up for
 * two beats after that; a node that was not heard for 30 s is forgotten with its people.
 */
export class Roster {
  private touched = new Set<string>();
  private readonly own = new Map<string, { times: number; since: number }>();
  private readonly ownCrowd = new Crowd();
  private readonly others = new Map<string, { crowd: Crowd; heardAt: number }>();
  private readonly unsure = new Set<string>();
  private untold = new Set<string>();
  private toldAt = Number.NEGATIVE_INFINITY;
  private isAsked = false;

  constructor(private readonly node: string) {}

  /** Counts somebody as here; once for each time, until `leave`. */
  enter(userId: string) {
    const entry = this.own.get(userId);
    if (entry) entry.times += 1;
    else {
      this.own.set(userId, { times: 1, since: 0 });
      this.ownCrowd.add(userId);
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
    return this.own.has(userId) || [...this.others.values()].some(({ crowd }) => crowd.has(userId));
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
      this.ownCrowd.delete(userId);
      this.touch(userId);
    }
    for (const [node, { heardAt }] of this.others) if (now - heardAt >= FORGOTTEN_AFTER) this.forget(node);
    const isSilent = this.untold.size + this.unsure.size === 0 && !this.isAsked && now - this.toldAt < HEARD_EVERY;
    return isSilent ? null : this.ring(now);
  }

  /** Lets the other nodes compare with the next beat: they may have missed something. */
  tellSoon() {
    this.toldAt = Number.NEGATIVE_INFINITY;
  }

  hear(ring: PresenceRing, now: number) {
    if (ring.node === this.node) return;
    if (ring.asks.includes(this.node)) this.isAsked = true;
    if (!this.others.has(ring.node)) this.tellSoon();
    const { crowd } = this.others.get(ring.node) ?? { crowd: new Crowd() };
    this.others.set(ring.node, { crowd, heardAt: now });
    const here = new Set(ring.here);
    const gone = ring.isComplete ? [...crowd].filter((userId) => !here.has(userId)) : ring.gone;
    const came = ring.isComplete ? ring.here.filter((userId) => !crowd.has(userId)) : ring.here;
    for (const userId of gone) crowd.delete(userId);
    for (const userId of came) crowd.add(userId);
    for (const userId of [...gone, ...came]) this.touched.add(userId);
    if (crowd.mark === ring.mark) this.unsure.delete(ring.node);
    else this.unsure.add(ring.node);
  }

  private forget(node: string) {
    for (const userId of this.others.get(node)?.crowd ?? []) this.touched.add(userId);
    this.others.delete(node);
    this.unsure.delete(node);
  }

  private ring(now: number): PresenceRing {
    const told = this.isAsked ? { here: [...this.own.keys()], gone: [] } : this.changes();
    const asks = [...this.unsure].slice(0, MOST_ASKED);
    const ring = { node: this.node, isComplete: this.isAsked, ...told, mark: this.ownCrowd.mark, asks };
    for (const node of asks) this.unsure.delete(node);
    this.untold.clear();
    this.isAsked = false;
    this.toldAt = now;
    return ring;
  }

  private changes() {
    const untold = [...this.untold];
    return {
      here: untold.filter((userId) => this.own.has(userId)),
      gone: untold.filter((userId) => !this.own.has(userId)),
    };
  }
}
