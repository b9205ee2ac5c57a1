import { ref, shallowRef } from 'vue';
import { errorSentence } from '../lib/errors';

/** What a part of the page shows of the server: asked for at once, and again when something was changed. */
export function useAsked<Answer>(ask: () => Promise<Answer>) {
  const answer = shallowRef<Answer>();
  /** Why there is none. */
  const unread = ref<string>();

  async function again() {
    answer.value = await ask();
    unread.value = undefined;
  }

  again().catch((error) => {
    unread.value = errorSentence(error);
  });

  return { answer, unread, again };
}
