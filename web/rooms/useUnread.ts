import { computed, reactive, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
import { type Room, useRooms } from './useRooms';

const { viewer } = useViewer();
const { rooms, loaded } = useRooms();

/** Room by room, the newest message that this browser has shown. The server keeps no such marks. */
const seen = reactive<Record<string, number>>({});
const key = computed(() => (viewer.value ? `seen ${viewer.value.user.id}` : undefined));
const unread = computed(() => new Set([...rooms.values()].filter(isUnread).map((room) => room.id)));

function isUnread({ id, lastMessage }: Room) {
  if (!lastMessage || lastMessage.author?.id === viewer.value?.user.id) return false;
  return lastMessage.seq > (seen[id] ?? 0);
}

function see({ id, lastMessage }: Room) {
  if (lastMessage) seen[id] = lastMessage.seq;
}

// On a browser's first visit everything counts as seen.
watch(loaded, () => {
  const kept = key.value && localStorage.getItem(key.value);
  if (kept) Object.assign(seen, JSON.parse(kept));
  else for (const room of rooms.values()) see(room);
});

watch(seen, () => key.value && localStorage.setItem(key.value, JSON.stringify(seen)));

export function useUnread() {
  return { unread, see };
}
