import { computed, type Ref } from 'vue';
import type { Unsent } from '../lib/outbox';
import type { RoomLog } from '../lib/roomStore';
import { messageRows, type Person, type UnreadMark } from './messageRows';
import { stableRows } from './stableRows';
import { useToday } from './useToday';

/** The rows of the list, kept current. */
export function useMessageRows(
  log: Readonly<Ref<RoomLog | undefined>>,
  unsent: Readonly<Ref<readonly Unsent[]>>,
  unread: Readonly<Ref<UnreadMark | undefined>>,
  me: Person,
) {
  const today = useToday();
  const stable = stableRows();
  return computed(() => (log.value ? stable(messageRows(log.value, unsent.value, me, today.value, unread.value)) : []));
}
