import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { Kept } from '../realtime/lookups.ts';
import type { RoomReader } from '../realtime/roomReader.ts';
import type { Viewer } from '../users/users.ts';
import { subscribeToRoom } from './roomSubscription.ts';

/** Where the reading of several rooms starts: a position for each room that has one, all of one epoch. */
export interface Cursors {
  after?: { roomId: string; seq: number }[] | null | undefined;
  epoch?: string | null | undefined;
}

/** Begins to read one room, and resolves when that has ended. */
export type Follow = (reader: RoomReader) => Promise<void>;

const PAUSE = 1_000;

/**
 * The logs of all rooms of the viewer, each from its position on (without one: from now on), and of the rooms that
 * they join later, each from the joining on. A room that is left and joined again goes on with the new joining.
 */
export class ViewerRooms implements AsyncIterable<never> {
  private readonly following = new Set<string>();
  private readonly positions: Map<string, number>;
  /** Whether the rooms that there were at the beginning are followed: all others are joined later. */
  private begun = false;
  private over = false;
  private syncing: Promise<void> | null = null;
  private again = false;
  private stop: () => void = () => {};
  private follow: Follow = async () => {};
  private onTrouble: (error: unknown) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly viewer: Viewer,
    private readonly cursors: Cursors,
  ) {
    this.positions = new Map((cursors.after ?? []).map(({ roomId, seq }) => [roomId.toLowerCase(), seq]));
  }

  /** Follows every room there is; rejects when that cannot be. Afterwards troubles are told, and tried again. */
  async start(follow: Follow, onTrouble: (error: unknown) => void): Promise<void> {
    Object.assign(this, { follow, onTrouble });
    const stop = await this.core.roomsVersions.watch(this.viewer.id, (place) => place ?? void this.keepUp());
    if (this.over) return stop();
    this.stop = stop;
    await this.sync();
  }

  end() {
    this.over = true;
    this.stop();
  }

  /** What is read belongs to a socket: there is nothing to iterate over. */
  [Symbol.asyncIterator](): AsyncIterator<never> {
    throw new Error('the rooms of a viewer are read over a socket');
  }

  // Until it has begun, `start` is what fails.
  private async keepUp(): Promise<void> {
    await this.sync().catch((error) => {
      if (!this.begun || this.over) return;
      this.onTrouble(error);
      setTimeout(() => void this.keepUp(), PAUSE).unref();
    });
  }

  private async sync(): Promise<void> {
    this.again = true;
    this.syncing ??= this.syncUntilDone().finally(() => {
      this.syncing = null;
    });
    await this.syncing;
  }

  private async syncUntilDone() {
    while (this.again && !this.over) {
      this.again = false;
      const { kept } = await this.core.lookups.roomsOf(this.viewer.id);
      // All at once, so that what they ask the database is gathered into one query each.
      await Promise.all(kept.filter(({ roomId }) => !this.following.has(roomId)).map((room) => this.open(room)));
      this.begun = true;
    }
  }

  private async open({ roomId, joinedSeq }: Kept) {
    const after = this.positions.get(roomId) ?? (this.begun ? joinedSeq - 1 : undefined);
    const { epoch } = this.cursors;
    const reader = await subscribeToRoom(this.core, this.viewer, roomId, { after, epoch }).catch(onlyMember);
    if (!reader || this.over) return void reader?.return();
    this.positions.delete(roomId);
    this.following.add(roomId);
    void this.follow(reader).then(() => {
      this.following.delete(roomId);
      void this.keepUp();
    });
  }
}

// Between the list and the room the membership may have ended.
function onlyMember(error: unknown): null {
  if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
  throw error;
}
