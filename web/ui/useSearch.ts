import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { errorSentence } from '../lib/errors';

export interface Page<Item> {
  nodes: Item[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

type FetchPage<Item> = (search: string, after: string | null) => Promise<Page<Item>>;

/** A searched list, page by page. An answer that a later search has overtaken is dropped. */
export function useSearch<Item>(fetchPage: FetchPage<Item>) {
  const search = ref('');
  const items = shallowRef<Item[]>([]);
  const cursor = ref<string | null>(null);
  const loaded = ref(false);
  const sentence = ref<string>();
  let latest = 0;
  let timer: ReturnType<typeof setTimeout>;

  async function load(after: string | null) {
    const mine = ++latest;
    try {
      const page = await fetchPage(search.value.trim(), after);
      if (mine !== latest) return;
      items.value = after ? [...items.value, ...page.nodes] : page.nodes;
      cursor.value = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
      sentence.value = undefined;
      loaded.value = true;
    } catch (error) {
      if (mine === latest) sentence.value = errorSentence(error);
    }
  }

  watch(search, () => {
    clearTimeout(timer);
    timer = setTimeout(load, 200, null);
  });
  onScopeDispose(() => clearTimeout(timer));
  void load(null);

  return { search, items, cursor, loaded, sentence, more: () => load(cursor.value) };
}
