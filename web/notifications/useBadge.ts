import { type MaybeRefOrGetter, toValue, watchEffect } from 'vue';

/** How much waits, on the icon of the installed page. */
export function useBadge(count: MaybeRefOrGetter<number>) {
  watchEffect(() => {
    const waiting = toValue(count);
    if ('setAppBadge' in navigator) navigator.setAppBadge(waiting).catch(() => {});
  });
}
