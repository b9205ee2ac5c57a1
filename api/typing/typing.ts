import type { Core } from '../core.ts';
import { idOf } from '../input.ts';
import type { Log } from '../log.ts';
import type { Person } from '../realtime/person.ts';
import type { RoomReader } from '../realtime/roomReader.ts';
import { getMembership } from '../rooms/memberships.ts';
import { subscribeToRoom } from '../rooms/roomSubscription.ts';
import { personOf } from '../users/profile.ts';
import type { Viewer } from '../users/users.ts';

/** That somebody is typing in a room, now. */
export interface TypingNotice {
  roomId: string;
  user: Person;
  at: string;
}

// More often than this tells nobody anything new.
const PAUSE = 300;
const QUEUED = 16;
const topic = (roomId: string) => `typing:${roomId}`;

/** Tells the room that the viewer is typing. At most every 0.3 s is passed on; nothing is stored. */
export async function setTyping(core: Core, viewer: Viewer, roomId: string): Promise<void> {
  const at = new Date().toISOString();
  const id = idOf(roomId, 'Room');
  await getMembership(core, viewer, id);
  if (!mayRing(core, `${viewer.id} ${id}`)) return;
  const user = personOf(await core.db.user.findUniqueOrThrow({ where: { id: viewer.id } }));
  core.bus.ring(topic(id), { roomId: id, user, at } satisfies TypingNotice);
}

/** Who types in a room from now on, for a member, oneself included. NOT_FOUND for everyone else. */
export async function watchTyping(core: Core, viewer: Viewer, roomId: string): Promise<TypingWatch> {
  const reader = await subscribeToRoom(core, viewer, roomId, {});
  return new TypingWatch(core, topic(idOf(roomId, 'Room')), reader);
}

/** The same for one who hears it alone: at most once, and only the newest if nobody reads. */
export async function subscribeToTyping(core: Core, viewer: Viewer, roomId: string): Promise<TypingNotices> {
  const notices = new TypingNotices();
  await (await watchTyping(core, viewer, roomId)).tell(notices);
  return notices;
}

/** That a member may hear who types, for as long as the reader of the room’s log goes on. */
export class TypingWatch implements AsyncIterable<TypingNotice> {
  constructor(
    private readonly core: Core,
    private readonly topic: string,
    readonly reader: RoomReader,
  ) {}

  /** Where the notices come from. */
  listen(onNotice: (notice: unknown) => void): Promise<() => void> {
    return this.core.bus.listen(this.topic, onNotice);
  }

  [Symbol.asyncIterator](): TypingNotices {
    const notices = new TypingNotices();
    void this.tell(notices);
    return notices;
  }

  async tell(notices: TypingNotices): Promise<void> {
    const deafen = await this.listen((notice) => notices.offer(notice as TypingNotice));
    notices.stopWith(() => {
      deafen();
      void this.reader.return();
    });
    void endWith(this.reader, notices, this.core.log);
  }
}

// Whoever is no longer a member hears nobody type: the room's log says when that is.
async function endWith(reader: RoomReader, notices: TypingNotices, log: Log): Promise<void> {
  await reader.untilOver().catch((error) => log.warn('typing.reader_failed', { error }));
  await notices.return();
}

export class TypingNotices implements AsyncIterableIterator<TypingNotice> {
  private stop: () => void = () => {};
  private queue: TypingNotice[] = [];
  private ended = false;
  private wake: () => void = () => {};

  offer(notice: TypingNotice) {
    this.queue = [...this.queue.filter((other) => other.user.id !== notice.user.id), notice].slice(-QUEUED);
    this.wake();
  }

  /** What to do at the end; at once, if that was before. */
  stopWith(stop: () => void) {
    if (this.ended) return stop();
    this.stop = stop;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<TypingNotice>> {
    while (!this.ended) {
      const value = this.queue.shift();
      if (value) return { done: false, value };
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<TypingNotice>> {
    if (!this.ended) {
      this.ended = true;
      this.stop();
      this.wake();
    }
    return { done: true, value: undefined };
  }
}

const rung = new WeakMap<Core, Map<string, number>>();
function mayRing(core: Core, who: string): boolean {
  const times = rung.get(core) ?? new Map<string, number>();
  rung.set(core, times);
  const now = performance.now();
  // Oldest first: what is over is forgotten, and nothing else.
  for (const [other, at] of times) {
    if (now - at < PAUSE) break;
    times.delete(other);
  }
  if (times.has(who)) return false;
  times.set(who, now);
  return true;
}
