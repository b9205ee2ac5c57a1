import { nextTick, onBeforeUnmount, onMounted, type ShallowRef } from 'vue';
import { keepFocus } from './keepFocus';

/** Opens a native dialog for as long as its component lives, with the cursor in its first field of text. */
export function useModal(dialog: Readonly<ShallowRef<HTMLDialogElement | null>>) {
  onMounted(() => {
    dialog.value?.showModal();
    dialog.value?.querySelector<HTMLElement>('input:not([type="radio"], [tabindex="-1"])')?.focus();
  });

  // It returns focus to its opener, but only if it is closed before it leaves the page.
  onBeforeUnmount(() => {
    dialog.value?.close();
    void nextTick(keepFocus);
  });
}
