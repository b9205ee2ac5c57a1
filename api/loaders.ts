import DataLoader from 'dataloader';
import type { Core } from './core.ts';
import type { Room, User } from './db/model.ts';
import { lastMessages } from './messages/messagePages.ts';
import { pinsOf } from './pins/pins.ts';
import type { MessageState } from './realtime/entry.ts';
import { NO_FACTS, type RoomFacts, type RoomPart, readRoomFacts } from './rooms/roomFacts.ts';
import { listRooms } from './rooms/rooms.ts';
import type { Viewer } from './users/users.ts';

/** What the fields of many rooms ask for, each gathered into one query per operation. */
export interface Loaders {
  user: DataLoader<string, User | null>;
  lastMessage: DataLoader<Room, MessageState | null>;
  pins: DataLoader<Room, MessageState[]>;
  /** Parts of rooms: whatever is asked at a time is one query. */
  roomFacts: DataLoader<{ id: string; part: RoomPart }, RoomFacts>;
  /** The viewer's rooms, and the version of their set as it was at the same moment. */
  ownRooms: DataLoader<'rooms' | 'version', { rooms: Room[]; version: number }>;
}

// Without a cache: a subscription's context lives for hours.
const options = { cache: false };

/** The caller's viewer is looked at anew each time: signing in changes it in mid-operation. */
export function createLoaders(core: Core, caller: { viewer: Viewer | null }): Loaders {
  return {
    user: new DataLoader(async (ids) => {
      const users = await usersById(core, ids);
      return ids.map((id) => users.get(id) ?? null);
    }, options),
    lastMessage: new DataLoader(async (rooms) => {
      const found = await lastMessages(core, rooms);
      return rooms.map((room) => found.get(room.id) ?? null);
    }, options),
    pins: new DataLoader(async (rooms) => {
      const pins = await pinsOf(core, rooms);
      return rooms.map((room) => pins.get(room.id) ?? []);
    }, options),
    roomFacts: new DataLoader(async (asked) => {
      const ids = [...new Set(asked.map(({ id }) => id))];
      const parts = new Set(asked.map(({ part }) => part));
      const facts = await readRoomFacts(core, caller.viewer, ids, parts);
      return asked.map(({ id }) => facts.get(id) ?? NO_FACTS);
    }, options),
    ownRooms: new DataLoader(async (asked) => {
      const own = await ownRooms(core, caller.viewer, asked.includes('rooms'));
      return asked.map(() => own);
    }, options),
  };
}

async function ownRooms(core: Core, viewer: Viewer | null, withRooms: boolean) {
  if (!viewer) return { rooms: [], version: 0 };
  if (withRooms) return listRooms(core, viewer);
  return { rooms: [], version: (await core.lookups.roomsVersion(viewer.id)) ?? 0 };
}

async function usersById(core: Core, ids: readonly string[]) {
  const users = await core.db.user.findMany({ where: { id: { in: [...ids] } } });
  return new Map(users.map((user) => [user.id, user]));
}
