import { onScopeDispose, ref, watch } from 'vue';

/** Text that is still there after a reload. Kept in memory alone where storage is not allowed. */
export function useDraft(key: string) {
  const draft = ref(read(key));
  const save = () => write(key, draft.value);
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(draft, (text) => {
    clearTimeout(timer);
    if (text) timer = setTimeout(save, 300);
    else save();
  });
  window.addEventListener('pagehide', save);
  onScopeDispose(() => {
    clearTimeout(timer);
    window.removeEventListener('pagehide', save);
    save();
  });
  return draft;
}

function read(key: string) {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function write(key: string, text: string) {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or not allowed: the draft lives as long as the page.
  }
}
