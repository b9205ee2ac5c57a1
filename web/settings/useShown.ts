import { reactive, readonly, watch } from 'vue';
import { useViewer } from '../auth/useViewer';
import { stored } from '../ui/stored';

/** What this browser tells others of the viewer: that they are here, that they are typing, how far they have read. */
export interface Shown {
  presence: boolean;
  typing: boolean;
  reading: boolean;
}

const NOTHING: Shown = { presence: false, typing: false, reading: false };
const UNCHOSEN: Shown = { presence: true, typing: true, reading: false };

const { viewer } = useViewer();
const shown = reactive<Shown>({ ...NOTHING });
const key = () => viewer.value && `shown ${viewer.value.user.id}`;

// Without a viewer nobody has chosen.
function read() {
  const own = key();
  const kept = own && stored.get(own);
  Object.assign(shown, own ? { ...UNCHOSEN, ...(kept && JSON.parse(kept)) } : NOTHING);
}

function show(what: keyof Shown, on: boolean) {
  shown[what] = on;
  stored.set(key() ?? '', JSON.stringify(shown));
}

// At once: nothing may be told before it is known what may. Another tab is heard too.
watch(key, read, { immediate: true, flush: 'sync' });
addEventListener('storage', (event) => event.key === key() && read());

/** The viewer's choice for this browser, the same in every open tab, and the way to make it. */
export function useShown() {
  return { shown: readonly(shown), show };
}
