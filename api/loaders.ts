import DataLoader from 'dataloader';
import type { Core } from './core.ts';
import type { Membership, Room, User } from './db/model.ts';
import { lastMessages } from './messages/messages.ts';
import type { MessageState } from './realtime/entry.ts';
import type { Viewer } from './users/users.ts';

/** What the fields of many rooms ask for, each gathered into one query per operation. */
export interface Loaders {
  user: DataLoader<string, User | null>;
  lastMessage: DataLoader<Room, MessageState | null>;
  memberCount: DataLoader<string, number>;
  /** The viewer's own membership of a room. */
  membership: DataLoader<string, Membership | null>;
  /** Of a person's set of rooms: one reading for all who ask at a time. */
  roomsVersion: DataLoader<string, number>;
  /** The other person of a direct room. */
  directWith: DataLoader<Room, User | null>;
}

// Without a cache: a subscription's context lives for hours.
const options = { cache: false };

/** The caller's viewer is looked at anew each time: signing in changes it in mid-operation. */
export function createLoaders(core: Core, caller: { viewer: Viewer | null }): Loaders {
  const user = batched((ids: readonly string[]) => usersById(core, ids));
  return {
    user,
    lastMessage: new DataLoader(async (rooms) => {
      const found = await lastMessages(core, [...rooms]);
      return rooms.map((room) => found.get(room.id)?.message ?? null);
    }, options),
    memberCount: batched(async (ids) => memberCounts(core, ids), 0),
    membership: batched(async (ids) => membershipsOf(core, caller.viewer, ids)),
    roomsVersion: batched(async (ids) => roomsVersions(core, ids), 0),
    directWith: new DataLoader(
      async (rooms) => Promise.all(rooms.map((room) => other(room, caller.viewer, user))),
      options,
    ),
  };
}

function batched<Value>(
  load: (ids: readonly string[]) => Promise<Map<string, Value>>,
): DataLoader<string, Value | null>;
function batched<Value>(
  load: (ids: readonly string[]) => Promise<Map<string, Value>>,
  none: Value,
): DataLoader<string, Value>;
function batched<Value>(load: (ids: readonly string[]) => Promise<Map<string, Value>>, none: Value | null = null) {
  return new DataLoader<string, Value | null>(async (ids) => {
    const found = await load(ids);
    return ids.map((id) => found.get(id) ?? none);
  }, options);
}

async function usersById(core: Core, ids: readonly string[]) {
  const users = await core.db.user.findMany({ where: { id: { in: [...ids] } } });
  return new Map(users.map((user) => [user.id, user]));
}

async function roomsVersions(core: Core, ids: readonly string[]) {
  const users = await core.db.user.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, roomsVersion: true },
  });
  return new Map(users.map((user) => [user.id, user.roomsVersion]));
}

async function memberCounts(core: Core, ids: readonly string[]) {
  // A direct room has its two people, also while one of them has put it away by blocking the other.
  const where = { roomId: { in: [...ids] }, OR: [{ leftSeq: null }, { room: { kind: 'DIRECT' as const } }] };
  const groups = await core.db.membership.groupBy({ by: ['roomId'], where, _count: true });
  return new Map(groups.map((group) => [group.roomId, group._count]));
}

async function membershipsOf(
  core: Core,
  viewer: Viewer | null,
  ids: readonly string[],
): Promise<Map<string, Membership>> {
  if (!viewer) return new Map();
  const where = { roomId: { in: [...ids] }, userId: viewer.id, leftSeq: null };
  const memberships = await core.db.membership.findMany({ where });
  return new Map(memberships.map((membership) => [membership.roomId, membership]));
}

async function other(room: Room, viewer: Viewer | null, user: DataLoader<string, User | null>) {
  const id = room.directKey?.split(':').find((part) => part !== viewer?.id);
  return id ? user.load(id) : null;
}
