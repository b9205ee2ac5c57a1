import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { mayWriteDrafts } from '../lib/forget';
import type { Quote } from '../lib/roomStore';

interface Draft {
  text: string;
  replyTo?: Quote;
}

/** What is being written in a room, and to what it replies: still there after a reload, where storage is allowed. */
export function useDraft(key: string) {
  const kept = read(key);
  const text = ref(kept.text);
  const replyTo = shallowRef<Quote | undefined>(kept.replyTo);
  const save = () => write(key, { text: text.value, replyTo: replyTo.value });
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch([text, replyTo], ([now]) => {
    clearTimeout(timer);
    if (now) timer = setTimeout(save, 300);
    else save();
  });
  window.addEventListener('pagehide', save);
  onScopeDispose(() => {
    clearTimeout(timer);
    window.removeEventListener('pagehide', save);
    save();
  });
  return { text, replyTo };
}

function read(key: string): Draft {
  try {
    return { text: '', ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return { text: '' };
  }
}

function write(key: string, draft: Draft) {
  if (!mayWriteDrafts()) return;
  try {
    if (draft.text || draft.replyTo) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or not allowed: the draft lives as long as the page.
  }
}
