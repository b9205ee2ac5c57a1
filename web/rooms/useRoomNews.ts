import { computed, onScopeDispose, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
import { subscribe } from '../lib/live';
import { roomLog } from '../messages/messageDocuments';
import { useRooms } from './useRooms';

// A socket may carry fifty subscriptions: the most recent rooms, and some to spare for the room that is open.
const MOST = 40;

/** Follows the rooms that are not open, so that the list tells what goes on in them. */
export function useRoomNews(openId: () => string | undefined) {
  const { viewer } = useViewer();
  const { rooms, groupRooms, directRooms, apply } = useRooms();
  const followed = new Map<string, () => void>();

  const wanted = computed(() => {
    const ids = [...directRooms.value, ...groupRooms.value].map((room) => room.id);
    return new Set(ids.slice(0, MOST).filter((id) => id !== openId()));
  });

  function follow(roomId: string) {
    return subscribe(roomLog, () => ({ roomId, after: rooms.get(roomId)?.lastSeq }), {
      next: (news) => apply(news.roomLog, viewer.value?.user.id),
    });
  }

  function keepUp(ids: Set<string>) {
    for (const [id, stop] of followed) {
      if (ids.has(id)) continue;
      stop();
      followed.delete(id);
    }
    for (const id of ids) if (!followed.has(id)) followed.set(id, follow(id));
  }

  watch(wanted, keepUp, { immediate: true });
  onScopeDispose(() => keepUp(new Set()));
}
