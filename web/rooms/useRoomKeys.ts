import { onBeforeUnmount, onMounted } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { useSearchPanel } from '../search/useSearchPanel';
import { useRoomDialog } from './useRoomDialog';
import { useRoomSections } from './useRoomSections';
import type { Room } from './useRooms';
import { useUnread } from './useUnread';

/** The keys that work everywhere: Ctrl or Cmd K, F and /, Alt with an arrow. KeyMap tells people of them. */
export function useRoomKeys() {
  const route = useRoute();
  const router = useRouter();
  const opened = useRoomDialog();
  const { inOrder } = useRoomSections();
  const { unread } = useUnread();
  const { open: search } = useSearchPanel();

  function step(by: 1 | -1, wanted: (room: Room) => boolean) {
    const here = String(route.params.id);
    const ids = inOrder.value.filter((room) => room.id === here || wanted(room)).map((room) => room.id);
    const at = ids.indexOf(here);
    const id = at < 0 ? ids.at(by > 0 ? 0 : -1) : ids[(at + by + ids.length) % ids.length];
    if (id && id !== here) void router.push({ name: 'room', params: { id } });
  }

  function actOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent) {
    const command = (ctrlKey || metaKey) && !altKey;
    if (command && !shiftKey && key.toLowerCase() === 'k') return () => open('jump');
    // From within the search the browser's own is had.
    if (command && !shiftKey && key.toLowerCase() === 'f' && !isInSearch()) return () => search();
    // On many keyboards a slash takes Shift.
    if (command && key === '/') return () => open('keys');
    if (!altKey || ctrlKey || metaKey || !/^Arrow(Up|Down)$/.test(key)) return undefined;
    return () => step(key === 'ArrowUp' ? -1 : 1, shiftKey ? ({ id }) => unread.value.has(id) : () => true);
  }

  function open(dialog: 'jump' | 'keys') {
    opened.value = dialog;
  }

  function onKey(event: KeyboardEvent) {
    const act = actOf(event);
    if (!act || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    act();
  }

  onMounted(() => document.addEventListener('keydown', onKey));
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey));
}

const isInSearch = () => document.activeElement?.closest('.search-panel') instanceof Element;
