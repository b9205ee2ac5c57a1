import { onScopeDispose, ref } from 'vue';

/** Whether anything was dragged over the page yet: what takes it is not needed before. */
export function useDragged() {
  const dragged = ref(false);
  const onEnter = () => {
    dragged.value = true;
  };
  document.addEventListener('dragenter', onEnter, { once: true });
  onScopeDispose(() => document.removeEventListener('dragenter', onEnter));
  return dragged;
}
