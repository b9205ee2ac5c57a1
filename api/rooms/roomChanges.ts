import type { Core } from '../core.ts';
import type { NotifyLevel } from '../db/model.ts';
import { standing } from '../hush/hush.ts';
import type { Kept } from '../realtime/lookups.ts';
import type { PlaceChange } from '../realtime/roomsVersions.ts';
import type { Viewer } from '../users/users.ts';
import { type ReadPosition, readKept, readPositions } from './keptRooms.ts';

/** What changed in a person's set of rooms, in what they keep of one, or in how long they want quiet. */
export type RoomChange =
  | { kind: 'JOINED'; version: number; roomId: string }
  | { kind: 'LEFT'; version: number; roomId: string }
  | { kind: 'READ'; version: number; position: ReadPosition }
  | { kind: 'NOTIFY'; version: number; roomId: string; notify: NotifyLevel }
  | { kind: 'HUSH'; version: number; until: Date | null }
  | { kind: 'MISSED'; version: number };

/**
 * The rooms that the viewer joins and leaves from now on, and how far they read there, on any device. With `after`, the
 * version under which the rooms were read: if it is not today's, the first change says that some were missed. A lost
 * ring delays a change by a second at most.
 */
export async function watchRoomChanges(core: Core, viewer: Viewer, after?: number | null): Promise<RoomChanges> {
  const changes = new RoomChanges(core, viewer.id);
  await changes.start(after);
  return changes;
}

export class RoomChanges implements AsyncIterableIterator<RoomChange> {
  private kept = new Map<string, Kept>();
  private version = 0;
  private hushedUntil: Date | null = null;
  private queue: RoomChange[] = [];
  private ended = false;
  private heard: PlaceChange[] = [];
  /** Whether anything may have changed. */
  private dirty = false;
  private wake: () => void = () => {};
  private stop: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly userId: string,
  ) {}

  async start(after: number | null | undefined) {
    this.stop = await this.core.roomsVersions.watch(this.userId, (place) => this.changed(place));
    const { kept, version, hushedUntil } = await this.read().catch((error) => this.fail(error));
    Object.assign(this, { kept, version, hushedUntil });
    if (after != null && after !== version) this.queue.push({ kind: 'MISSED', version });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<RoomChange>> {
    while (!this.ended) {
      const value = this.queue.shift();
      if (value) return { done: false, value };
      const place = this.heard.shift();
      if (this.dirty) await this.compareAll().catch((error) => this.fail(error));
      else if (place) await this.comparePlace(place).catch((error) => this.fail(error));
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

  // Of an iterator that has thrown nobody asks that it ends.
  private async fail(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  private changed(place?: PlaceChange) {
    if (place) this.heard = [...this.heard, place].slice(-MOST);
    else this.dirty = true;
    this.wake();
  }

  // The truth is the table: what is compared is the set of rooms, however many rings were heard or lost.
  private async compareAll() {
    this.dirty = false;
    const { kept, version, hushedUntil } = await this.read();
    const [left, joined] = [missingFrom(kept, this.kept), missingFrom(this.kept, kept)];
    this.queue.push(...left.map((roomId) => ({ kind: 'LEFT' as const, version, roomId })));
    this.queue.push(...joined.map((roomId) => ({ kind: 'JOINED' as const, version, roomId })));
    for (const roomId of joined) this.kept.set(roomId, kept.get(roomId) as Kept);
    await this.tellMoves([...kept.values()], version);
    if (hushedUntil?.getTime() !== this.hushedUntil?.getTime())
      this.queue.push({ kind: 'HUSH', version, until: hushedUntil });
    Object.assign(this, { kept, version, hushedUntil });
  }

  // When more has changed than this one place, the version would hide the rest.
  private async comparePlace({ roomId, version: due }: PlaceChange) {
    if (due <= this.version) return;
    const { kept, version } = await readKept(this.core, this.userId, roomId);
    if (version !== this.version + 1 || !kept || !this.kept.has(roomId)) return this.compareAll();
    await this.tellMoves([kept], version);
    this.kept.set(roomId, kept);
    this.version = version;
  }

  private async read() {
    const { kept, version, hushedUntil } = await this.core.lookups.roomsOf(this.userId);
    return {
      kept: new Map(kept.map((room) => [room.roomId, room])),
      version,
      hushedUntil: standing(hushedUntil),
    };
  }

  private async tellMoves(rooms: Kept[], version: number) {
    const known = rooms.map((now) => ({ now, before: this.kept.get(now.roomId) }));
    const moved = known.filter(({ now, before }) => before && before.readSeq !== now.readSeq);
    const turned = known.filter(({ now, before }) => before && before.notify !== now.notify);
    const ids = moved.map(({ now }) => now.roomId);
    const positions = ids.length > 0 ? await readPositions(this.core, this.userId, ids) : [];
    this.queue.push(...positions.map((position) => ({ kind: 'READ' as const, version, position })));
    for (const { now } of turned) this.queue.push({ kind: 'NOTIFY', version, ...now });
  }
}

const MOST = 64;

// A room that was left and joined again is one and the other.
const missingFrom = (some: Map<string, Kept>, others: Map<string, Kept>) =>
  [...others].filter(([id, { joinedSeq }]) => some.get(id)?.joinedSeq !== joinedSeq).map(([id]) => id);
