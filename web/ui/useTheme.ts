import { ref, watchEffect } from 'vue';
import { stored } from './stored';

export type Theme = 'system' | 'light' | 'dark';

const kept = stored.get('theme');
const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');

watchEffect(() => {
  stored.set('theme', theme.value);
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

export function useTheme() {
  return theme;
}
