import { computed, type Ref, ref } from 'vue';

export interface RowActions {
  leave: () => void;
  copy: (key: string) => void;
}

/**
 * The list is one stop of the Tab key: arrows, Home and End move between the messages, Tab goes on into the tools of
 * the one in focus, C copies it, Escape leaves.
 */
export function useRovingRows(
  list: Readonly<Ref<HTMLElement | null>>,
  keys: Readonly<Ref<readonly string[]>>,
  { leave, copy }: RowActions,
) {
  const focused = ref<string>();
  const tabStop = computed(() =>
    focused.value && keys.value.includes(focused.value) ? focused.value : keys.value.at(-1),
  );

  function onKeydown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === 'Escape') return leave();
    if (!isOnRow(event.target)) return;
    const target = targetOf(event.key);
    if (target) focusRow(target);
    else if (event.key.toLowerCase() === 'c' && tabStop.value) copy(tabStop.value);
    else return;
    event.preventDefault();
  }

  function targetOf(key: string): string | undefined {
    const at = keys.value.indexOf(tabStop.value ?? '');
    if (key === 'ArrowUp') return keys.value[Math.max(0, at - 1)];
    if (key === 'ArrowDown') return keys.value[Math.min(keys.value.length - 1, at + 1)];
    if (key === 'Home') return keys.value[0];
    return key === 'End' ? keys.value.at(-1) : undefined;
  }

  function onFocusin({ target }: FocusEvent) {
    const row = target instanceof Element ? target.closest('[data-key]') : null;
    if (row instanceof HTMLElement) focused.value = row.dataset.key;
  }

  /** Moves the focus to a message. */
  function focusRow(key: string) {
    list.value?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  return { tabStop, onKeydown, onFocusin, focusRow };
}

const isOnRow = (target: EventTarget | null) => target instanceof HTMLElement && target.dataset.key !== undefined;
