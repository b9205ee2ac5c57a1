import { computed, effectScope, type Ref, shallowRef, watch } from 'vue';
import type { Option } from './completion';
import type { Names } from './messageNames';
import type { Completion } from './openCompletion';

const SIGN = /[@#:]/;

/** Names and emojis offered while they are written. What offers them is loaded when a sign that may begin one is written. */
export function useCompletion(area: Readonly<Ref<HTMLTextAreaElement | null>>, text: Ref<string>, names: Names) {
  const scope = effectScope();
  const opened = shallowRef<Completion>();

  watch(
    () => SIGN.test(text.value),
    (some) => some && void open(),
    { immediate: true },
  );

  // Without it nothing is offered, and the letters stay what they are.
  async function open() {
    const found = await import('./openCompletion').catch(() => undefined);
    opened.value ??= scope.run(() => found?.openCompletion(area, text, names));
    look();
  }

  const look = () => opened.value?.look();

  return {
    options: computed(() => opened.value?.options.value ?? []),
    chosen: computed(() => opened.value?.chosen.value),
    look,
    onKey: (event: KeyboardEvent) => opened.value?.onKey(event) ?? false,
    take: (option: Option) => opened.value?.take(option),
  };
}
