/** Lets so many pieces of work run at once, in the order in which they came; a few more wait, the rest are refused. */
export class Turns {
  /** How many were refused so far. */
  refused = 0;
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly mayWait: number,
    private readonly refusal: () => Error,
  ) {}

  /** How many wait for their turn. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Does the work when its turn comes; throws the refusal when too many wait already. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running >= this.atOnce) await this.turn();
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running--;
    }
  }

  private turn(): Promise<void> {
    if (this.queue.length >= this.mayWait) {
      this.refused++;
      throw this.refusal();
    }
    return new Promise((resolve) => this.queue.push(resolve));
  }
}

/** Does so much of what is handed to it in each turn of the event loop, in order, so that nothing else waits long. */
export class Pace {
  private readonly queue: (() => void)[] = [];

  constructor(private readonly perTurn: number) {}

  do(work: () => void): void {
    this.queue.push(work);
    if (this.queue.length === 1) setImmediate(() => this.step());
  }

  /** Comes back when what waits for it may be done. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.do(resolve));
  }

  private step() {
    for (const work of this.queue.slice(0, this.perTurn)) work();
    this.queue.splice(0, this.perTurn);
    if (this.queue.length > 0) setImmediate(() => this.step());
  }
}
