import { computed, ref, watch } from 'vue';
import { connection } from '../lib/live';
import { refreshSession } from '../lib/session';

/** An image that only members may have: the session is renewed once when it has run out, and it is asked for again when online. */
export function useSignedImage(address: () => string) {
  const tries = ref(0);
  const loaded = ref(false);
  const failed = ref(false);
  const src = computed(() =>
    tries.value && address().startsWith('/') ? `${address()}?try=${tries.value}` : address(),
  );

  watch(address, () => {
    tries.value = 0;
    failed.value = false;
  });
  watch(connection, (now) => {
    if (failed.value && now === 'online') again();
  });

  function onLoad() {
    loaded.value = true;
    failed.value = false;
  }

  async function onError() {
    if (tries.value === 0 && (await refreshSession()) === 'renewed') return again();
    failed.value = true;
  }

  function again() {
    failed.value = false;
    tries.value += 1;
  }

  return { src, loaded, failed, onLoad, onError, again };
}
