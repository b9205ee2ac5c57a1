import { computed } from 'vue';
import { useRooms } from './useRooms';
import { useUnread } from './useUnread';

/** The rooms in the order in which the list shows them: what waits for the viewer, then the rest. */
export function useRoomSections() {
  const { groupRooms, directRooms } = useRooms();
  const { waitsIn } = useUnread();
  const all = computed(() => [...directRooms.value, ...groupRooms.value]);
  const waiting = computed(() => all.value.filter((room) => waitsIn(room) > 0));
  const group = computed(() => groupRooms.value.filter((room) => !waitsIn(room)));
  const people = computed(() => directRooms.value.filter((room) => !waitsIn(room)));
  const inOrder = computed(() => [...waiting.value, ...group.value, ...people.value]);
  return { waiting, group, people, inOrder };
}
