import { computed, type Ref, ref } from 'vue';
import type { Act } from './messageActs';

export interface RowActions {
  leave: () => void;
  act: (act: Act, key: string) => void;
}

const ACTS: Record<string, Act> = { r: 'reply', e: 'react', c: 'copy', u: 'unread' };

/**
 * The list is one stop of the Tab key: arrows, Home and End move between the messages, Tab goes on into the tools of
 * the one in focus; R replies to it, E reacts, C copies, U marks it unread, Escape leaves.
 */
export function useRovingRows(
  list: Readonly<Ref<HTMLElement | null>>,
  keys: Readonly<Ref<readonly string[]>>,
  { leave, act }: RowActions,
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
    const wanted = ACTS[event.key.toLowerCase()];
    if (!target && !wanted) return;
    event.preventDefault();
    if (wanted && tabStop.value) act(wanted, tabStop.value);
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
    rowOf(key)?.focus();
  }

  const rowOf = (key: string) => list.value?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);

  return { tabStop, onKeydown, onFocusin, focusRow, rowOf };
}

const isOnRow = (target: EventTarget | null) => target instanceof HTMLElement && target.dataset.key !== undefined;
