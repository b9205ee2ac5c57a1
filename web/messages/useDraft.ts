import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { mayWriteDrafts } from '../lib/forget';
import type { UnsentFile } from '../lib/outbox';
import type { Quote } from '../lib/roomStore';

interface Draft {
  text: string;
  replyTo?: Quote;
  files?: readonly UnsentFile[];
}

/** What is being written in a room, to what it replies and what goes with it: still there after a reload, where storage is allowed. */
export function useDraft(key: string) {
  const kept = read(key);
  const text = ref(kept.text);
  const replyTo = shallowRef<Quote | undefined>(kept.replyTo);
  const files = shallowRef<readonly UnsentFile[]>(kept.files ?? []);
  const save = () => write(key, { text: text.value, replyTo: replyTo.value, files: files.value });
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch([text, replyTo, files], ([now]) => {
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
  return { text, replyTo, files };
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
    if (draft.text || draft.replyTo || draft.files?.length) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or not allowed: the draft lives as long as the page.
  }
}
