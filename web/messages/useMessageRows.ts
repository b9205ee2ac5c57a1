import { computed, type Ref } from 'vue';
import type { Unsent } from '../lib/outbox';
import type { RoomLog } from '../lib/roomStore';
import type { Readers } from '../receipts/readers';
import { messageRows, type NoticeRow, type Person, type UnreadMark } from './messageRows';
import { stableRows } from './stableRows';
import { useToday } from './useToday';

/** The rows of the list, kept current. */
export function useMessageRows(
  log: Readonly<Ref<RoomLog | undefined>>,
  unsent: Readonly<Ref<readonly Unsent[]>>,
  unread: Readonly<Ref<UnreadMark | undefined>>,
  me: Person,
  /** What to say where the room begins. */
  lead: () => string | undefined = () => undefined,
  /** Who has read up to which message. */
  readers: () => ReadonlyMap<string, Readers> | undefined = () => undefined,
) {
  const today = useToday();
  const stable = stableRows();
  return computed(() => {
    if (!log.value) return [];
    const rows = messageRows(log.value, unsent.value, me, today.value, unread.value);
    const read = readers();
    for (const row of rows) if (row.kind === 'message') row.readBy = read?.get(row.key);
    const sentence = log.value.hasOlder ? undefined : lead();
    return stable(sentence ? [beginning(sentence), ...rows] : rows);
  });
}

const beginning = (sentence: string): NoticeRow => ({
  kind: 'notice',
  key: 'lead',
  at: '',
  sentence,
  about: undefined,
});
