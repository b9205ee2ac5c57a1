import { onBeforeUnmount, onMounted } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { useRoomDialog } from './useRoomDialog';
import { useRooms } from './useRooms';

/** Ctrl or Cmd K jumps; Alt and an arrow goes to the next room up or down. */
export function useRoomKeys() {
  const route = useRoute();
  const router = useRouter();
  const opened = useRoomDialog();
  const { groupRooms, directRooms } = useRooms();

  function step(by: 1 | -1) {
    const ids = [...groupRooms.value, ...directRooms.value].map((room) => room.id);
    const here = ids.indexOf(String(route.params.id));
    const id = here < 0 ? ids[0] : ids[(here + by + ids.length) % ids.length];
    if (id) void router.push({ name: 'room', params: { id } });
  }

  function onKey(event: KeyboardEvent) {
    const jumps = event.key === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const steps = event.altKey && !event.ctrlKey && !event.shiftKey && /^Arrow(Up|Down)$/.test(event.key);
    if ((!jumps && !steps) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    if (jumps) opened.value = 'jump';
    else step(event.key === 'ArrowUp' ? -1 : 1);
  }

  onMounted(() => document.addEventListener('keydown', onKey));
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey));
}
