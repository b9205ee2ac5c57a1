import { onScopeDispose, ref } from 'vue';
import { filesWords } from '../files/fileWords';
import type { Message } from '../lib/roomStore';
import { authorName } from './authorName';
import { plainWords } from './plainWords';

const TOGETHER = 1_000;
const READ_OUT = 3;
const LONGEST = 1_000;

/** One line for screen readers: what others wrote within a second, or how much it was. */
export function useAnnouncer() {
  const announcement = ref('');
  let batch: Message[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function announce(messages: Message[]) {
    batch.push(...messages);
    timer ??= setTimeout(speak, TOGETHER);
  }

  function speak() {
    timer = undefined;
    announcement.value = batchSentence(batch);
    batch = [];
  }

  onScopeDispose(() => clearTimeout(timer));
  return { announcement, announce };
}

/** "Ada: hello", or "12 new messages" when it would be much to listen to. */
export function batchSentence(messages: Message[]): string {
  if (messages.length > READ_OUT) return `${messages.length} new messages`;
  return messages
    .map((one) => `${authorName(one)}: ${plainWords(one.body?.slice(0, LONGEST) ?? '') || filesWords(one.files)}`)
    .join('. ');
}
