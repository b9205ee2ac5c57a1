import type { PrismaClient } from '../db/db.ts';
import type { Bus } from '../pubsub.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Lookups } from './lookups.ts';

/** A change of what a person keeps of one room, and the version with it. */
export interface PlaceChange {
  roomId: string;
  version: number;
}

/** Called without a place when anything may have changed. */
export type OnChange = (place?: PlaceChange) => void;

/** Tells when the set of rooms of a person has changed, or what they keep of one. */
export interface RoomsVersions {
  /** Calls back for each change from now on: at once when the ring is heard, within a second when it is lost. */
  watch(userId: string, onChange: OnChange): Promise<() => void>;
  /** Tells every node that the rooms of these people have changed. */
  ring(userIds: string[]): void;
  /** Tells every node that what a person keeps of one room has changed. */
  ringPlace(userId: string, place: PlaceChange): void;
}

const topic = (userId: string) => `user:${userId}`;

interface Watcher {
  /** Null until it is known. */
  version: number | null;
  callbacks: Set<OnChange>;
}

export function openRoomsVersions(db: PrismaClient, bus: Bus, heartbeat: Heartbeat, lookups: Lookups): RoomsVersions {
  const watchers = new Map<string, Watcher>();

  heartbeat.every(async () => {
    if (watchers.size === 0) return;
    const users = await readChanges(db, watchers);
    for (const { id, version } of users) {
      const watcher = watchers.get(id);
      if (!watcher) continue;
      watcher.version = version;
      for (const callback of watcher.callbacks) callback();
    }
  });

  // A place that is heard of in turn is settled; after a gap the heartbeat looks at everything.
  const heard = (userId: string, onChange: OnChange, { place }: { place?: PlaceChange }) => {
    const watcher = watchers.get(userId);
    if (place && watcher?.version === place.version - 1) watcher.version = place.version;
    onChange(place);
  };

  return {
    watch: async (userId, onChange) => {
      const stopListening = await bus.listen(topic(userId), (ring) => heard(userId, onChange, ring as object));
      const watcher: Watcher = watchers.get(userId) ?? { version: null, callbacks: new Set() };
      watchers.set(userId, watcher);
      watcher.callbacks.add(onChange);
      const stop = () => {
        stopListening();
        watcher.callbacks.delete(onChange);
        if (watcher.callbacks.size === 0 && watchers.get(userId) === watcher) watchers.delete(userId);
      };
      try {
        // The first answer counts: by a later one somebody would miss the change in between.
        const version = watcher.version ?? (await lookups.roomsVersion(userId));
        watcher.version ??= version;
      } catch (error) {
        stop();
        throw error;
      }
      return stop;
    },
    ring: (userIds) => {
      for (const id of userIds) bus.ring(topic(id), {});
    },
    ringPlace: (userId, place) => bus.ring(topic(userId), { place }),
  };
}

// Of thousands who watch, few rows come back.
function readChanges(db: PrismaClient, watchers: Map<string, Watcher>) {
  const versions = [...watchers.values()].map(({ version }) => version);
  return db.$queryRaw<{ id: string; version: number }[]>`
    SELECT u.id, u.rooms_version AS version
    FROM unnest(${[...watchers.keys()]}::uuid[], ${versions}::int[]) AS watched(id, version)
    JOIN "user" u ON u.id = watched.id AND u.rooms_version IS DISTINCT FROM watched.version`;
}
