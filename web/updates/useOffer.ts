import { readonly, ref, shallowRef, watch } from 'vue';
import { note, noted } from '../worker/notes';
import { accept, judge, type Offer } from './offer';
import { useUpdate } from './useUpdate';

const other = useUpdate();
const offer = shallowRef<Offer>();
const refused = ref(false);

watch(other, look, { immediate: true });
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look());

// Of a server that cannot be asked nothing is said: not that it has an update, and not that it is none.
async function look() {
  const build = other.value;
  if (!build) {
    offer.value = undefined;
    return;
  }
  refused.value = (await noted('refused')) === build;
  offer.value = await judge(build).catch(() => undefined);
}

/** Loads the page anew, in its new version. */
async function apply() {
  if (!offer.value) return;
  await accept(offer.value);
  const waiting = (await navigator.serviceWorker.getRegistration())?.waiting;
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take over');
}

async function refuse() {
  if (!offer.value) return;
  await note('refused', offer.value.build);
  refused.value = true;
}

/** What the server offers in place of the version in use. It is used only when somebody says so; `refused` when they said no. */
export function useOffer() {
  return { offer: readonly(offer), refused: readonly(refused), apply, refuse };
}
