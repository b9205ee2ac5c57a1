import { computed, ref, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { useNarrow } from '../ui/useNarrow';

const beside = ref(false);

/** Whether the details of the room are shown: beside it where there is room, else as a screen of its own to go back from. */
export function useDetails() {
  const route = useRoute();
  const router = useRouter();
  const narrow = useNarrow();
  const detailed = computed(() => (narrow.value ? 'details' in route.query : beside.value));

  function toggle() {
    if (!narrow.value) beside.value = !beside.value;
    else if (!detailed.value) void router.push({ query: { ...route.query, details: null } });
    else if (history.state.back) router.back();
    else void router.replace({ query: {} });
  }

  // Over the conversation, it would hide the room that was just gone to.
  watch(
    () => route.params.id,
    () => {
      if (matchMedia('(max-width: 1099px)').matches) beside.value = false;
    },
  );

  return { detailed, toggle };
}
