/** A set of people with a mark by which two of them can be compared: the same people have the same, however they came. */
export class Crowd implements Iterable<string> {
  private readonly people = new Set<string>();
  private sum = 0;

  /** Two crowds with the same mark are the same, but for one pair in four billion. */
  get mark(): string {
    return `${this.people.size}.${this.sum}`;
  }

  has(userId: string): boolean {
    return this.people.has(userId);
  }

  add(userId: string) {
    if (this.people.has(userId)) return;
    this.people.add(userId);
    this.sum ^= tailOf(userId);
  }

  delete(userId: string) {
    if (this.people.delete(userId)) this.sum ^= tailOf(userId);
  }

  [Symbol.iterator]() {
    return this.people.values();
  }
}

// The last 32 bits of an id are random.
const tailOf = (userId: string) => Number.parseInt(userId.slice(-8), 16);
