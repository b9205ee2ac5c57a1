import { nextTick, onScopeDispose, ref, watch } from 'vue';
import { onBeforeRouteLeave, onBeforeRouteUpdate, useRoute, useRouter } from 'vue-router';
import type { Place } from './useMessageScroll';

export interface PlacesOptions {
  /** Where the reader is now; undefined at the end. */
  place: () => Place | undefined;
  /** Brings a message into view: where it was, or in the middle. Rejects when it cannot be had. */
  show: (id: string, offset?: number) => Promise<void>;
  toEnd: () => Promise<void>;
  /** Where one begins who was sent nowhere: at the first that is new. */
  toNew: () => Promise<void>;
  /** The reader is where they begin. */
  onBegun: () => void;
  /** The first of the room is there. */
  ready: () => boolean;
  onMissing: (error: unknown) => void;
}

// By the position in the tab's history: going back leads to the place that was left, not only to the room.
const places = new Map<number, Place | undefined>();
const HIGHLIGHTED_FOR = 3_000;
const here = (): number => history.state?.position ?? 0;

/** Follows the address: `?message=ID` opens there and sets it apart for a while; Back returns to where one was. */
export function useMessagePlaces({ place, show, toEnd, toNew, ready, onBegun, onMissing }: PlacesOptions) {
  const route = useRoute();
  const router = useRouter();
  const found = ref<string>();
  let begun = false;
  let position = here();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const leave = () => void places.set(position, place());
  onBeforeRouteUpdate(leave);
  onBeforeRouteLeave(leave);
  onScopeDispose(() => clearTimeout(timer));

  watch(ready, (now) => now && void arrive(), { immediate: true, flush: 'post' });
  // Not by watching the address: two steps of the history may lead to the same message.
  const { path } = route;
  const stop = router.afterEach((to, _from, failure) => {
    if (!failure && to.path === path && ready()) void nextTick(arrive);
  });
  onScopeDispose(stop);

  async function arrive() {
    position = here();
    const back = Boolean(history.state?.forward) && places.has(position);
    const target = String(route.query.message ?? '');
    try {
      if (back) await comeBack(places.get(position));
      else if (target) await open(target);
      else if (!begun) await toNew();
    } catch (error) {
      onMissing(error);
    }
    if (!begun) onBegun();
    begun = true;
  }

  async function comeBack(left: Place | undefined) {
    if (left) await show(left.key, left.offset);
    else await toEnd();
  }

  async function open(id: string) {
    await show(id);
    found.value = undefined;
    await nextTick();
    found.value = id;
    clearTimeout(timer);
    timer = setTimeout(() => {
      found.value = undefined;
    }, HIGHLIGHTED_FOR);
  }

  /** As a step of its own in the history, so that Back leads back to where the reader was. */
  async function goTo(id: string) {
    await router.push({ query: { message: id }, force: true });
  }

  return { found, goTo };
}
