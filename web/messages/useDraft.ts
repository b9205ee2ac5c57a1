import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { mayWriteDrafts } from '../lib/forget';
import type { UnsentFile } from '../lib/outbox';
import type { Quote } from '../lib/roomStore';

export interface Draft {
  text: string;
  replyTo?: Quote;
  files?: readonly UnsentFile[];
}

/** What is being written in a room, to what it replies and what goes with it: still there after a reload, where storage is allowed. */
export function useDraft(key: string, encrypted = false) {
  const kept = encrypted ? { text: '' } : read(key);
  const text = ref(kept.text);
  const replyTo = shallowRef<Quote | undefined>(kept.replyTo);
  const files = shallowRef<readonly UnsentFile[]>(kept.files ?? []);
  const now = () => ({ text: text.value, replyTo: replyTo.value, files: files.value });
  // Nothing is written over what was not read yet.
  let known = !encrypted;
  const save = () =>
    known && (encrypted ? void encryptedDrafts().then((drafts) => drafts.write(key, now())) : write(key, now()));
  let timer: ReturnType<typeof setTimeout> | undefined;

  if (encrypted)
    void encryptedDrafts()
      .then((drafts) => drafts.read(key))
      .then((found) => {
        known = true;
        if (!found || !isEmpty(now())) return save();
        [text.value, replyTo.value, files.value] = [found.text, found.replyTo, found.files ?? []];
      });
  watch([text, replyTo, files], ([words]) => {
    clearTimeout(timer);
    if (words) timer = setTimeout(save, 300);
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

export const isEmpty = ({ text, replyTo, files }: Draft) => !text && !replyTo && !files?.length;

const encryptedDrafts = () => import('../encryption/encryptedDrafts');

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
    if (!isEmpty(draft)) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or not allowed: the draft lives as long as the page.
  }
}
