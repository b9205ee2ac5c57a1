import { computed, onScopeDispose, type Ref, shallowReactive, watch } from 'vue';
import { type Room, useRooms } from './useRooms';

const { rooms } = useRooms();

/** What has just come into the room that is being looked at, and will be read in a moment: no more than this is shown. */
const most = shallowReactive(new Map<string, number>());
const MOMENT = 1_500;

const unread = computed(() => new Set([...rooms.values()].filter(isUnread).map((room) => room.id)));
const waits = computed(() => [...rooms.values()].reduce((sum, room) => sum + waitsIn(room), 0));

// A muted room tells nothing, not even what is for the viewer in person: for that there is "Mentions".
const isMuted = ({ notify }: Room) => notify === 'NOTHING';

function isUnread(room: Room) {
  return !isMuted(room) && shown(room, room.unreadCount) > 0;
}

/** How much in a room is for the viewer in person. */
function waitsIn(room: Room) {
  return isMuted(room) ? 0 : shown(room, room.mentionCount);
}

const shown = ({ id }: Room, count: number) => Math.min(count, most.get(id) ?? count);

/** Looks at a room: what arrives there does not count before there was a moment to read it. */
function attend(room: Readonly<Ref<Room | undefined>>) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = (id: string) => () => most.delete(id);
  watch(
    room,
    (now, before) => {
      if (!now || now.id !== before?.id || now.unreadCount <= before.unreadCount || document.hidden) return;
      most.set(now.id, Math.min(before.unreadCount, most.get(now.id) ?? before.unreadCount));
      clearTimeout(timer);
      timer = setTimeout(settle(now.id), MOMENT);
    },
    { flush: 'sync' },
  );
  onScopeDispose(() => {
    clearTimeout(timer);
    most.clear();
  });
}

/** What is new, and what waits for the viewer, as the server counts it. */
export function useUnread() {
  return { unread, waits, waitsIn, attend };
}
