import { computed, reactive, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
import { stored } from '../ui/stored';
import { type Room, useRooms } from './useRooms';

const { viewer } = useViewer();
const { rooms, fresh } = useRooms();

/** Room by room, the newest message that this browser has shown. The server keeps no such marks. */
const seen = reactive<Record<string, number>>({});
const key = computed(() => (viewer.value ? `seen ${viewer.value.user.id}` : undefined));
const unread = computed(() => new Set([...rooms.values()].filter(isUnread).map((room) => room.id)));
const waiting = computed(() => [...rooms.values()].filter((room) => waitsIn(room) > 0));
const waits = computed(() => waiting.value.reduce((sum, room) => sum + waitsIn(room), 0));

function isUnread({ id, lastMessage }: Room) {
  if (!lastMessage || lastMessage.author?.id === viewer.value?.user.id) return false;
  return lastMessage.seq > (seen[id] ?? 0);
}

/** How much in a room is for the viewer in person. */
function waitsIn(room: Room) {
  return room.kind === 'DIRECT' && unread.value.has(room.id) ? 1 : 0;
}

function see({ id, lastMessage }: Room) {
  if (lastMessage) seen[id] = lastMessage.seq;
}

// On a browser's first visit everything counts as seen.
watch(fresh, () => {
  const kept = key.value && stored.get(key.value);
  if (kept) Object.assign(seen, JSON.parse(kept));
  else for (const room of rooms.values()) see(room);
});

watch(seen, () => key.value && stored.set(key.value, JSON.stringify(seen)));

export function useUnread() {
  return { unread, waiting, waits, waitsIn, see };
}
