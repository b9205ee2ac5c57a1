import { computed, nextTick, type Ref, ref, shallowRef, watch } from 'vue';
import { everyoneOption, fragmentAt, type Option, peopleOptions, roomOptions } from './completion';
import type { Names } from './messageNames';

export type Completion = ReturnType<typeof openCompletion>;

/** Names and emojis offered while they are written: arrows choose, Enter and Tab take, Escape sends them away. */
export function openCompletion(area: Readonly<Ref<HTMLTextAreaElement | null>>, text: Ref<string>, names: Names) {
  const cursor = ref(-1);
  const emojiOptions = shallowRef((_letters: string): Option[] => []);
  const dismissed = ref(-1);
  const at = ref(0);

  const fragment = computed(() => fragmentAt(text.value, cursor.value));
  const options = computed<Option[]>(() => {
    if (!fragment.value || fragment.value.from === dismissed.value) return [];
    const { sign, letters } = fragment.value;
    if (sign === '@') return [...peopleOptions(names.people.value, letters), ...everyone(letters)];
    return sign === '#' ? roomOptions(names.rooms.value, letters) : emojiOptions.value(letters);
  });
  const everyone = (letters: string) => (names.mayCallEveryone.value ? everyoneOption(letters) : []);
  const chosen = computed(() => options.value[Math.min(at.value, options.value.length - 1)]);

  watch(fragment, (now, before) => {
    at.value = 0;
    if (!now) dismissed.value = -1;
    if (now?.sign === ':' && before?.sign !== ':') void loadEmojis();
  });

  // Without them nothing is offered, and the letters stay what they are.
  const loadEmojis = () =>
    import('./emojiOptions').then(
      (found) => {
        emojiOptions.value = found.emojiOptions;
      },
      () => undefined,
    );

  /** Call it when the text or the cursor in it has moved. */
  function look() {
    cursor.value = area.value && area.value === document.activeElement ? area.value.selectionEnd : -1;
  }

  /** Whether the key was for the list. */
  function onKey({ key, shiftKey }: KeyboardEvent): boolean {
    if (!chosen.value || shiftKey) return false;
    if (key === 'ArrowDown') move(1);
    else if (key === 'ArrowUp') move(-1);
    else if (key === 'Enter' || key === 'Tab') void take(chosen.value);
    else if (key === 'Escape') dismissed.value = fragment.value?.from ?? -1;
    else return false;
    return true;
  }

  function move(by: 1 | -1) {
    at.value = (at.value + by + options.value.length) % options.value.length;
  }

  async function take(option: Option) {
    if (!fragment.value) return;
    const { from, to } = fragment.value;
    const rest = text.value.slice(to);
    const after = from + option.text.length;
    text.value = text.value.slice(0, from) + option.text + rest.replace(/^ /, '');
    await nextTick();
    area.value?.focus();
    area.value?.setSelectionRange(after, after);
    look();
  }

  return { options, chosen, look, onKey, take };
}
