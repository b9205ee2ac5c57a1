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

/** Who types in a room from now on, for a member, oneself included: at most once, and only the newest if nobody reads. */
export async function subscribeToTyping(core: Core, viewer: Viewer, roomId: string): Promise<TypingNotices> {
  const reader = await subscribeToRoom(core, viewer, roomId, {});
  const notices = new TypingNotices();
  const deafen = await core.bus.listen(topic(idOf(roomId, 'Room')), (notice) => notices.offer(notice as TypingNotice));
  notices.stop = () => {
    deafen();
    void reader.return();
  };
  void endWith(reader, notices, core.log);
  return notices;
}

// Whoever is no longer a member hears nobody type: the room's log says when that is.
async function endWith(reader: RoomReader, notices: TypingNotices, log: Log): Promise<void> {
  try {
    await reader.untilOver();
  } catch (error) {
    log.warn('typing.reader_failed', { error });
  }
  await notices.return();
}

export class TypingNotices implements AsyncIterableIterator<TypingNotice> {
  stop: () => void = () => {};
  private queue: TypingNotice[] = [];
  private ended = false;
  private wake: () => void = () => {};

  offer(notice: TypingNotice) {
    this.queue = [...this.queue.filter((other) => other.user.id !== notice.user.id), notice].slice(-QUEUED);
    this.wake();
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
