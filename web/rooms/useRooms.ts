import { computed, ref, shallowReactive } from 'vue';
import { useViewer } from '../auth/useViewer';
import { asDecrypted } from '../encryption/asDecrypted';
import { isEncrypted, pin } from '../encryption/pinnedRooms';
import { onDecrypted } from '../encryption/useDecryptedRooms';
import type { RoomPartsFragment, ViewerEventsSubscription } from '../gql/graphql';
import { useHush } from '../hush/useHush';
import { errorSentence } from '../lib/errors';
import { subscribe } from '../lib/live';
import { pause, retryDelay } from '../lib/retry';
import { expireStored } from '../messages/keptLogs';
import { ask } from '../request';
import { followPeople, onPersonChanged } from '../users/people';
import { type PersonNews, personNow } from '../users/personNow';
import { useBlocked } from '../users/useBlocked';
import { keepRooms, keptRooms } from './keptRooms';
import { type RoomNews, roomAfter } from './roomAfter';
import { roomQuery, roomsQuery, viewerEventsSubscription } from './roomQueries';
import { asCounted, countedAt, newerOf, type Room, withCounts } from './unreadCounts';

export type { Room };

const rooms = shallowReactive(new Map<string, Room>());
const { viewer, enter } = useViewer();
const { told } = useHush();
/** There is something to show: what this browser kept, or what the server said. */
const loaded = ref(false);
/** The server has said which rooms there are. */
const fresh = ref(false);
const fault = ref('');
let version = 0;

const sorted = computed(() => [...rooms.values()].sort((a, b) => lastActivity(b).localeCompare(lastActivity(a))));
const groupRooms = computed(() => sorted.value.filter((room) => room.kind !== 'DIRECT'));
const directRooms = computed(() => sorted.value.filter((room) => room.kind === 'DIRECT'));

function lastActivity(room: Room) {
  return room.lastMessage?.createdAt ?? room.createdAt;
}

async function load(again = false) {
  const { viewer: person } = await ask(roomsQuery, {});
  if (!person) return;
  // The answer was overtaken by what the socket told meanwhile.
  if (fresh.value && person.roomsVersion < version && !again) return load(true);
  const ids = new Set(person.rooms.map((room) => room.id));
  for (const id of rooms.keys()) if (!ids.has(id)) rooms.delete(id);
  for (const room of person.rooms) put(room);
  version = person.roomsVersion;
  told(person.hushedUntil);
  fault.value = '';
  loaded.value = true;
  fresh.value = true;
}

function put(answer: RoomPartsFragment) {
  const room = asCounted(answer);
  const held = fresh.value && rooms.get(room.id);
  set(held ? newerOf(held, room) : room);
  forgetOld(room);
}

/** The one place where a room comes into the list. */
function set(room: Room) {
  if (room.encryption === 'MLS') pin(room.id);
  rooms.set(room.id, asDecrypted(isEncrypted(room.id) ? { ...room, encryption: 'MLS' } : room));
}

/** What the room keeps no longer goes from this device too, also where the room is not open. */
function forgetOld({ id, expiredSeq, retentionDays }: Room) {
  if (expiredSeq || retentionDays)
    void expireStored(viewer.value?.id ?? '', id, { upTo: expiredSeq, days: retentionDays });
}

/** Asks the server for one room. */
async function recount(id: string): Promise<Room | undefined> {
  put((await ask(roomQuery, { id })).room);
  return rooms.get(id);
}

function onViewerEvent({ viewerEvents: event }: ViewerEventsSubscription) {
  version = event.version;
  if (event.__typename === 'RoomJoined' && event.room) put(event.room);
  else if (event.__typename === 'RoomLeft') rooms.delete(event.roomId);
  else if (event.__typename === 'RoomsChanged') refresh();
  else if (event.__typename === 'ReadMoved') onReadMoved(event);
  else if (event.__typename === 'HushChanged') told(event.hushedUntil);
  else if (event.__typename === 'NotifyChanged') change(event.roomId, { notify: event.notify });
}

function onReadMoved(moved: Extract<ViewerEventsSubscription['viewerEvents'], { __typename: 'ReadMoved' }>) {
  const room = rooms.get(moved.roomId);
  if (!room) return;
  if (moved.lastSeq < countedAt(room)) refresh();
  else set(withCounts(room, moved));
}

/** Whoever is called otherwise is called so everywhere at once. */
function onPerson(news: PersonNews) {
  for (const room of rooms.values()) {
    const { directWith, lastMessage } = room;
    if (directWith?.id === news.userId) change(room.id, { directWith: personNow(directWith, news) });
    if (lastMessage?.author?.id !== news.userId) continue;
    change(room.id, { lastMessage: { ...lastMessage, author: personNow(lastMessage.author, news) } });
  }
  if (viewer.value?.user.id === news.userId && news.user) enter({ ...viewer.value, user: news.user });
}

function change(id: string, parts: Partial<Room>) {
  const room = rooms.get(id);
  if (room) set({ ...room, ...parts });
}

/** Brings a room up to date with an entry of its log. */
function apply(event: RoomNews, viewerId: string | undefined) {
  const room = rooms.get(event.roomId);
  if (event.__typename === 'Reset') {
    change(event.roomId, { lastSeq: event.seq, counted: undefined });
    return refresh();
  }
  if (event.__typename === 'RoomDeleted') return void rooms.delete(event.roomId);
  if (room) set(roomAfter(room, heard(event), viewerId));
}

// What a blocked person says is no mention.
function heard(event: RoomNews): RoomNews {
  if (event.__typename !== 'MessageSent' || !useBlocked().blocked.has(event.message.author?.id ?? '')) return event;
  return { ...event, message: { ...event.message, mentions: [], mentionsRoom: false } };
}

/** Loads the viewer's rooms, however often it takes, and keeps them current. Gives the function that stops it. */
function follow(): () => void {
  let stopped = false;
  let end = () => {};
  const ends = [followPeople(), onPersonChanged(onPerson), onDecrypted(({ roomId }) => change(roomId, {}))];
  const forget = keepRooms(viewer.value?.id, rooms);
  for (const room of keptRooms(viewer.value?.id)) put(room);
  loaded.value = rooms.size > 0;

  async function begin() {
    for (let attempt = 1; !stopped && !(await tried()); attempt++) await pause(retryDelay(attempt));
    if (stopped) return;
    end = subscribe(viewerEventsSubscription, () => ({ after: version }), {
      next: onViewerEvent,
      complete: () => 'again',
    });
  }

  void begin();
  return () => {
    stopped = true;
    end();
    forget();
    for (const stop of ends) stop();
  };
}

async function tried() {
  try {
    await load();
    return true;
  } catch (error) {
    fault.value = errorSentence(error);
    return false;
  }
}

/** What may have changed unseen: names, previews and times of rooms that are not open. */
function refresh() {
  if (fresh.value) load().catch(() => {});
}

export function useRooms() {
  return { rooms, loaded, fresh, fault, groupRooms, directRooms, put, recount, apply, follow, refresh };
}
