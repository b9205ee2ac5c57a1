import { computed, ref } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { useNarrow } from '../ui/useNarrow';

const beside = ref(false);
/** What is looked for. It stays while one goes to what was found and comes back. */
const text = ref('');
const everywhere = ref(false);
/** Counts how often it was asked for, so that the field takes the cursor again. */
const asked = ref(0);

/** Search lies beside the conversation; on a phone it is a screen of its own, to which Back returns. */
export function useSearchPanel() {
  const route = useRoute();
  const router = useRouter();
  const narrow = useNarrow();
  const searching = computed(() => (narrow.value ? 'search' in route.query : beside.value));

  /** In the room that is open; with words, or where there is none, in all rooms. */
  function open(words?: string) {
    everywhere.value = words !== undefined || !route.params.id;
    if (words !== undefined) text.value = words;
    asked.value += 1;
    if (searching.value) return;
    if (narrow.value) void router.push({ query: { search: null } });
    else beside.value = true;
  }

  function close() {
    if (!narrow.value) beside.value = false;
    else if (history.state.back) router.back();
    else void router.replace({ query: {} });
  }

  /** To a message in its room, with what is around it. */
  async function goTo(roomId: string, id: string) {
    if (matchMedia('(max-width: 1099px)').matches) beside.value = false;
    await router.push({ name: 'room', params: { id: roomId }, query: { message: id }, force: true });
  }

  return { searching, text, everywhere, asked, open, close, goTo };
}
