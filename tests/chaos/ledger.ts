/** A send that the server has acknowledged: its place in the log must be for good. */
export interface Acknowledged {
  roomId: string;
  id: string;
  seq: number;
}

/** What was promised to the senders. */
export class Ledger {
  readonly sends = new Map<string, Acknowledged>();
  /** Messages whose edit, or deletion, was acknowledged. */
  readonly edits = new Set<string>();
  readonly deletions = new Set<string>();
  /** The same id acknowledged at two places. */
  readonly moved: string[] = [];
  /** Sends whose id came back from another node or a second time. */
  repeats = 0;
  private lastAt = Date.now();
  private gap = 0;

  acknowledge(ack: Acknowledged) {
    const before = this.sends.get(ack.id);
    this.tick();
    if (!before) return void this.sends.set(ack.id, ack);
    this.repeats++;
    if (before.seq !== ack.seq || before.roomId !== ack.roomId)
      this.moved.push(`${ack.id} acknowledged at ${before.seq} and at ${ack.seq}`);
  }

  /** The longest time without an acknowledgement since this was asked last, in milliseconds. */
  takeGap(): number {
    const gap = Math.max(this.gap, Date.now() - this.lastAt);
    this.gap = 0;
    this.lastAt = Date.now();
    return gap;
  }

  private tick() {
    const now = Date.now();
    this.gap = Math.max(this.gap, now - this.lastAt);
    this.lastAt = now;
  }
}
