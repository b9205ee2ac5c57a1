import { ref } from 'vue';

const query = matchMedia('(max-width: 719px)');
const narrow = ref(query.matches);

query.addEventListener('change', () => {
  narrow.value = query.matches;
});

/** Whether there is room for one pane only. */
export function useNarrow() {
  return narrow;
}
