const CROWD = 500;
const CROWD_NO_MORE = 400;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * Which of those who are here share a room. A room with more than 500 people here is a crowd, in which nobody is told
 * of the others: telling everyone of everyone would cost the square of it.
 */
export class Companions {
  private readonly rooms = new Map<string, string[]>();
  private readonly here = new Map<string, Set<string>>();
  private readonly crowds = new Set<string>();
  /** Of each person those whom they block, or who block them. */
  private readonly apart = new Map<string, Set<string>>();
  private unsettled = new Set<string>();

  get size(): number {
    return this.rooms.size;
  }

  has(userId: string): boolean {
    return this.rooms.has(userId);
  }

  /** Everyone else who is here and in a room with this person, with no block between the two. */
  of(userId: string): Set<string> {
    const found = new Set<string>();
    for (const roomId of this.rooms.get(userId) ?? []) {
      if (this.crowds.has(roomId)) continue;
      for (const other of this.here.get(roomId) ?? []) found.add(other);
    }
    found.delete(userId);
    for (const other of this.apart.get(userId) ?? []) found.delete(other);
    return found;
  }

  /**
   * Puts somebody into these rooms, in one order, and no others; without rooms they are not here. `apart` are those whom
   * they block or who block them. Gives the people whom they find there now and did not before, and the other way round.
   */
  place(userId: string, rooms: string[] | undefined, apart: string[] = []): { found: string[]; lost: string[] } {
    const old = this.rooms.get(userId);
    const same = old?.join() === rooms?.join() && [...(this.apart.get(userId) ?? [])].join() === apart.join();
    const before = same ? NOBODY : this.of(userId);
    // Always anew, as the last: those who were looked at the longest time ago come first.
    this.rooms.delete(userId);
    if (rooms) this.rooms.set(userId, rooms);
    if (!same) this.move(userId, old, rooms);
    if (!same) this.part(userId, apart);
    const after = same ? NOBODY : this.of(userId);
    return { found: missingFrom(before, after), lost: missingFrom(after, before) };
  }

  /** Those whose rooms were looked at the longest time ago. */
  *oldest(count: number): Iterable<string> {
    const ids = this.rooms.keys();
    for (let n = 0; n < count; n++) {
      const { value } = ids.next();
      if (value) yield value;
    }
  }

  /** The people of rooms that became a crowd, or are one no more, since it was last asked. */
  takeUnsettled(): Set<string> {
    const { unsettled } = this;
    this.unsettled = new Set();
    return unsettled;
  }

  private move(userId: string, from: string[] = [], to: string[] = []) {
    for (const roomId of from) this.leave(roomId, userId);
    for (const roomId of to) this.enter(roomId, userId);
  }

  private part(userId: string, apart: string[]) {
    for (const other of this.apart.get(userId) ?? []) this.apart.get(other)?.delete(userId);
    this.apart.delete(userId);
    if (apart.length > 0) this.apart.set(userId, new Set(apart));
    for (const other of apart) {
      if (this.rooms.has(other)) this.apart.set(other, new Set(this.apart.get(other)).add(userId));
    }
  }

  private enter(roomId: string, userId: string) {
    const people = this.here.get(roomId) ?? new Set();
    this.here.set(roomId, people.add(userId));
    if (people.size <= CROWD || this.crowds.has(roomId)) return;
    this.crowds.add(roomId);
    for (const each of people) this.unsettled.add(each);
  }

  private leave(roomId: string, userId: string) {
    const people = this.here.get(roomId);
    people?.delete(userId);
    if (people?.size === 0) this.here.delete(roomId);
    if (!this.crowds.has(roomId) || (people?.size ?? 0) >= CROWD_NO_MORE) return;
    this.crowds.delete(roomId);
    for (const each of people ?? []) this.unsettled.add(each);
  }
}

const missingFrom = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
  [...others].filter((userId) => !some.has(userId));
