import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import type { SearchMessagesQuery } from '../gql/graphql';
import { errorCode, errorSentence } from '../lib/errors';
import { connection } from '../lib/live';
import { type FoundMessages, searchMessages } from './searchMessages';

export type Found = SearchMessagesQuery['search']['nodes'][number];

const PAUSE = 350;

/** Looks for messages as one types. An answer that a later question has overtaken is dropped. */
export function useMessageSearch(text: Readonly<Ref<string>>, roomId: Readonly<Ref<string | undefined>>) {
  const found = shallowRef<readonly Found[]>([]);
  const cursor = ref<string>();
  const phase = ref<'idle' | 'busy' | 'done' | 'failed'>('idle');
  const sentence = ref('');
  const words = computed(() => text.value.trim());
  let latest = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch([words, roomId], (_, [before]) => begin(before === undefined ? 0 : PAUSE), { immediate: true });
  // What failed for want of a network is asked again with it.
  watch(connection, (now) => now === 'online' && phase.value === 'failed' && void load());
  onScopeDispose(() => clearTimeout(timer));

  function begin(after: number) {
    clearTimeout(timer);
    latest += 1;
    sentence.value = '';
    if (words.value) {
      phase.value = 'busy';
      timer = setTimeout(load, after);
      return;
    }
    phase.value = 'idle';
    found.value = [];
    cursor.value = undefined;
  }

  async function load(after?: string) {
    const mine = ++latest;
    phase.value = 'busy';
    try {
      const page = await searchMessages(words.value, roomId.value, after);
      if (mine === latest) take(page, after);
    } catch (error) {
      if (mine !== latest) return;
      phase.value = 'failed';
      sentence.value = isOffline(error) ? OFFLINE : errorSentence(error);
    }
  }

  function take({ nodes, pageInfo }: FoundMessages, after: string | undefined) {
    found.value = after ? [...found.value, ...nodes] : nodes;
    cursor.value = pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
    phase.value = 'done';
    sentence.value = '';
  }

  return {
    found,
    cursor,
    phase,
    sentence,
    words,
    /** At once, without waiting for the end of the word. */
    now: () => words.value && begin(0),
    more: () => load(cursor.value),
  };
}

const OFFLINE = 'You are offline. Search asks the server, and goes on when you are back.';
const isOffline = (error: unknown) => errorCode(error) === 'NETWORK' && connection.value !== 'online';
