import { type MaybeRefOrGetter, toValue, watchEffect } from 'vue';

export function useTitle(title: MaybeRefOrGetter<string>) {
  watchEffect(() => {
    const words = toValue(title);
    document.title = words ? `${words} - shh` : 'shh';
  });
}
