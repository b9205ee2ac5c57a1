import { computed, ref, shallowReactive } from 'vue';
import type { RoomPartsFragment, ViewerEventsSubscription } from '../gql/graphql';
import { subscribe } from '../lib/live';
import { ask } from '../request';
import { type RoomEvent, roomAfter } from './roomAfter';
import { roomsQuery, viewerEventsSubscription } from './roomQueries';

export type Room = RoomPartsFragment;

const rooms = shallowReactive(new Map<string, Room>());
const loaded = ref(false);
let version = 0;

const sorted = computed(() => [...rooms.values()].sort((a, b) => lastActivity(b).localeCompare(lastActivity(a))));
const groupRooms = computed(() => sorted.value.filter((room) => room.kind !== 'DIRECT'));
const directRooms = computed(() => sorted.value.filter((room) => room.kind === 'DIRECT'));

function lastActivity(room: Room) {
  return room.lastMessage?.createdAt ?? room.createdAt;
}

async function load() {
  const { viewer } = await ask(roomsQuery, {});
  if (!viewer) return;
  const ids = new Set(viewer.rooms.map((room) => room.id));
  for (const id of rooms.keys()) if (!ids.has(id)) rooms.delete(id);
  for (const room of viewer.rooms) put(room);
  version = viewer.roomsVersion;
  loaded.value = true;
}

function put(room: Room) {
  rooms.set(room.id, room);
}

function onViewerEvent({ viewerEvents: event }: ViewerEventsSubscription) {
  version = event.version;
  if (event.__typename === 'RoomJoined') put(event.room);
  else if (event.__typename === 'RoomLeft') rooms.delete(event.roomId);
  else void load();
}

/** Brings a room up to date with an entry of its log. */
function apply(event: RoomEvent, viewerId: string | undefined) {
  const room = rooms.get(event.roomId);
  if (event.__typename === 'Reset') return void load();
  if (event.__typename === 'RoomDeleted') return void rooms.delete(event.roomId);
  if (room) put(roomAfter(room, event, viewerId));
}

/** Loads the viewer's rooms and keeps them current. Gives the function that stops it. */
async function follow() {
  await load();
  return subscribe(viewerEventsSubscription, () => ({ after: version }), {
    next: onViewerEvent,
    complete: () => 'again',
  });
}

export function useRooms() {
  return { rooms, loaded, groupRooms, directRooms, load, put, apply, follow };
}
