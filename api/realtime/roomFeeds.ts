import type { PrismaClient } from '../db/db.ts';
import type { Log } from '../log.ts';
import type { Bus } from '../pubsub.ts';
import type { Turns } from '../turns.ts';
import type { LogEntry } from './entry.ts';
import type { Heartbeat } from './heartbeat.ts';
import { readEntries } from './logPages.ts';
import type { Lookups } from './lookups.ts';
import { TOPIC as PEOPLE, type PersonNotice } from './people.ts';
import { readMoved } from './positions.ts';
import { RoomFeed } from './roomFeed.ts';
import { RoomPages } from './roomPages.ts';

/** The rooms that somebody on this node watches. */
export interface RoomFeeds {
  /**
   * Joins the feed of a room: rings are heard before the position is read, so that nothing falls between the two.
   * Null when there is no such room. Call `release` once for each watch.
   */
  watch(roomId: string): Promise<RoomFeed | null>;
  release(feed: RoomFeed): void;
  /** After a commit: hands the entries to this node's readers and rings the other nodes. */
  announce(entries: LogEntry[]): void;
  /** Calls back with what is announced at this node. Gives the way to stop. */
  onAnnounced(callback: (entries: LogEntry[]) => void): () => void;
  /** How many rooms are watched, for the metrics. */
  size(): number;
  /** How many entries the watched rooms were behind the database when last compared. */
  lag(): number;
  /** How often a watched room was behind because a ring did not arrive. */
  ringsLost(): number;
}

const topic = (roomId: string) => `room:${roomId}`;

interface Parts {
  db: PrismaClient;
  bus: Bus;
  heartbeat: Heartbeat;
  log: Log;
  lookups: Lookups;
  /** In which the pages of the past are read. */
  pages: Turns;
}

export function openRoomFeeds({ db, bus, heartbeat, log, lookups, pages }: Parts): RoomFeeds {
  const opening = new Map<string, Promise<RoomFeed | null>>();
  const feeds = new Map<string, RoomFeed>();
  const listening = new Map<string, RoomFeed>();
  const told = new Set<(entries: LogEntry[]) => void>();
  let lag = 0;
  let ringsLost = 0;

  async function open(roomId: string) {
    const read = (after: number, limit?: number) => readEntries(db, roomId, after, limit);
    const past = new RoomPages((after, limit) => pages.run(() => read(after, limit)));
    const feed = new RoomFeed(roomId, read, past, log);
    listening.set(roomId, feed);
    const stop = await bus.listen(topic(roomId), (entries) => feed.offer(entries as LogEntry[]));
    const close = () => {
      stop();
      listening.delete(roomId);
      feeds.delete(roomId);
      opening.delete(roomId);
    };
    try {
      const position = await lookups.position(roomId);
      if (!position) return null;
      feed.start(position, close);
      feeds.set(roomId, feed);
      return feed;
    } finally {
      if (!feeds.has(roomId)) close();
    }
  }

  async function watch(roomId: string): Promise<RoomFeed | null> {
    const pending = opening.get(roomId) ?? open(roomId);
    opening.set(roomId, pending);
    const feed = await pending;
    return !feed || feed.retain() ? feed : watch(roomId);
  }

  void bus.listen(PEOPLE, (notice) => {
    const { id, person } = notice as PersonNotice;
    for (const feed of feeds.values()) feed.rename(id, person);
  });

  heartbeat.every(async () => {
    if (feeds.size === 0) return;
    const known = [...feeds.values()].map((feed) => ({ feed, top: feed.top }));
    const positions = new Map((await readMoved(db, [...feeds.values()])).map((p) => [p.roomId, p]));
    lag = 0;
    for (const { feed, top } of known) {
      const position = positions.get(feed.roomId);
      if (!position) continue;
      const behind = Math.max(0, position.seq - feed.top);
      lag += behind;
      if (behind > 0) ringsLost++;
      feed.check(position, top);
    }
  });

  return {
    watch,
    release: (feed) => feed.release(),
    announce: (entries) => {
      const [first] = entries;
      if (!first) return;
      listening.get(first.roomId)?.offer(entries);
      bus.ringOthers(topic(first.roomId), entries);
      for (const callback of told) callback(entries);
    },
    onAnnounced: (callback) => {
      told.add(callback);
      return () => void told.delete(callback);
    },
    size: () => feeds.size,
    lag: () => lag,
    ringsLost: () => ringsLost,
  };
}
