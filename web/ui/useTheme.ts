import { ref, watchEffect } from 'vue';

export type Theme = 'system' | 'light' | 'dark';

const stored = localStorage.getItem('theme');
const theme = ref<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

watchEffect(() => {
  localStorage.setItem('theme', theme.value);
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

export function useTheme() {
  return theme;
}
