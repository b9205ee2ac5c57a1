import type { PrismaClient } from '../db/db.ts';
import type { Bus } from '../pubsub.ts';
import type { Heartbeat } from './heartbeat.ts';

/** Tells when the set of rooms of a person has changed. */
export interface RoomsVersions {
  /** Calls back for each change from now on: at once when the ring is heard, within a second when it is lost. */
  watch(userId: string, onChange: () => void): Promise<() => void>;
  /** Tells every node that the rooms of these people have changed. */
  ring(userIds: string[]): void;
}

const topic = (userId: string) => `user:${userId}`;

export function openRoomsVersions(db: PrismaClient, bus: Bus, heartbeat: Heartbeat): RoomsVersions {
  const watchers = new Map<string, { version: number; callbacks: Set<() => void> }>();

  heartbeat.every(async () => {
    if (watchers.size === 0) return;
    const users = await readVersions(db, [...watchers.keys()]);
    for (const { id, version } of users) {
      const watcher = watchers.get(id);
      if (!watcher || watcher.version === version) continue;
      watcher.version = version;
      for (const callback of watcher.callbacks) callback();
    }
  });

  return {
    watch: async (userId, onChange) => {
      const stopListening = await bus.listen(topic(userId), onChange);
      const watcher = watchers.get(userId) ?? { version: -1, callbacks: new Set() };
      watchers.set(userId, watcher);
      watcher.callbacks.add(onChange);
      return () => {
        stopListening();
        watcher.callbacks.delete(onChange);
        if (watcher.callbacks.size === 0 && watchers.get(userId) === watcher) watchers.delete(userId);
      };
    },
    ring: (userIds) => {
      for (const id of userIds) bus.ring(topic(id), { id });
    },
  };
}

function readVersions(db: PrismaClient, userIds: string[]) {
  return db.$queryRaw<{ id: string; version: number }[]>`
    SELECT id, rooms_version AS version FROM "user" WHERE id = ANY(${userIds}::uuid[])`;
}
