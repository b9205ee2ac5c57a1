import { onScopeDispose, ref, watchEffect } from 'vue';

/** Runs an effect while someone can see this page, and when they come back to it. */
export function useWhileVisible(effect: () => void) {
  const visible = ref(document.visibilityState === 'visible');
  const onChange = () => {
    visible.value = document.visibilityState === 'visible';
  };
  document.addEventListener('visibilitychange', onChange);
  onScopeDispose(() => document.removeEventListener('visibilitychange', onChange));
  watchEffect(() => {
    if (visible.value) effect();
  });
}
