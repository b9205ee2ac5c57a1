import { type MaybeRefOrGetter, toValue, watchEffect } from 'vue';

/** "(3) kitchen-table - shh": what waits, where one is, what this is. */
export function useTitle(title: MaybeRefOrGetter<string>, waiting: MaybeRefOrGetter<number> = 0) {
  watchEffect(() => {
    const count = toValue(waiting);
    const words = toValue(title);
    document.title = `${count ? `(${count}) ` : ''}${words ? `${words} - ` : ''}shh`;
  });
}
