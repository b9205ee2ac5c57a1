import type { Core } from '../core.ts';
import type { Viewer } from '../users/users.ts';

/** What changed in a person's set of rooms. */
export type RoomChange =
  | { kind: 'JOINED'; version: number; roomId: string }
  | { kind: 'LEFT'; version: number; roomId: string }
  | { kind: 'MISSED'; version: number };

/**
 * The rooms that the viewer joins and leaves from now on. With `after`, the version under which the rooms were read:
 * if it is not today's, the first change says that some were missed. A lost ring delays a change by a second at most.
 */
export async function watchRoomChanges(core: Core, viewer: Viewer, after?: number | null): Promise<RoomChanges> {
  const changes = new RoomChanges(core, viewer.id);
  await changes.start(after);
  return changes;
}

export class RoomChanges implements AsyncIterableIterator<RoomChange> {
  /** Each with the position at which the viewer joined it. */
  private rooms = new Map<string, number>();
  private queue: RoomChange[] = [];
  private ended = false;
  private dirty = false;
  private wake: () => void = () => {};
  private stop: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly userId: string,
  ) {}

  async start(after: number | null | undefined) {
    this.stop = await this.core.roomsVersions.watch(this.userId, () => this.changed());
    // In this order: what changes between the two reads is told as missed, or found by the next look.
    this.rooms = await this.read();
    const version = await this.version();
    if (after != null && after !== version) this.queue.push({ kind: 'MISSED', version });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<RoomChange>> {
    while (!this.ended) {
      const value = this.queue.shift();
      if (value) return { done: false, value };
      if (this.dirty) await this.compare();
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<RoomChange>> {
    if (!this.ended) {
      this.ended = true;
      this.stop();
      this.wake();
    }
    return { done: true, value: undefined };
  }

  private changed() {
    this.dirty = true;
    this.wake();
  }

  // The truth is the table: what is compared is the set of rooms, however many rings were heard or lost. The version is
  // read first: under too old a one a client only looks again.
  private async compare() {
    this.dirty = false;
    const version = await this.version();
    const rooms = await this.read();
    const [left, joined] = [missingFrom(rooms, this.rooms), missingFrom(this.rooms, rooms)];
    this.queue.push(...left.map((roomId) => ({ kind: 'LEFT' as const, version, roomId })));
    this.queue.push(...joined.map((roomId) => ({ kind: 'JOINED' as const, version, roomId })));
    this.rooms = rooms;
  }

  private async version() {
    return (await this.core.lookups.roomsVersion(this.userId)) ?? 0;
  }

  private async read() {
    const rooms = await this.core.lookups.roomsOf(this.userId);
    return new Map(rooms.map(({ roomId, joinedSeq }) => [roomId, joinedSeq]));
  }
}

// A room that was left and joined again is one and the other.
const missingFrom = (some: Map<string, number>, others: Map<string, number>) =>
  [...others].filter(([id, joinedSeq]) => some.get(id) !== joinedSeq).map(([id]) => id);
