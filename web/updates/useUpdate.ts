import { readonly, ref } from 'vue';
import { scriptAddress } from '../lib/scriptAddress';
import { noted } from '../worker/notes';

const AN_HOUR = 3_600_000;
const other = ref<string>();
let registration: ServiceWorkerRegistration | undefined;
let asked = Date.now();

/** Has this page open without a network from now on, and watches for new versions of it. */
export async function register() {
  if (!('serviceWorker' in navigator)) return;
  // Where the browser forbids it, the page needs the network.
  registration = await navigator.serviceWorker
    .register(scriptAddress('/sw.js'), { updateViaCache: 'none' })
    .catch(() => undefined);
  if (!registration) return;
  registration.addEventListener('updatefound', watchInstalling);
  document.addEventListener('visibilitychange', askAgain);
  watchInstalling();
  await look();
}

function watchInstalling() {
  const worker = registration?.installing;
  worker?.addEventListener('statechange', () => worker.state === 'installed' && look());
}

// Browsers ask when a page is loaded; this one may stay open for weeks.
function askAgain() {
  if (document.visibilityState !== 'visible' || Date.now() - asked < AN_HOUR) return;
  asked = Date.now();
  registration?.update().catch(() => {});
}

async function look() {
  const [installed, chosen] = await Promise.all([noted('installed'), noted('chosen')]);
  other.value = chosen && installed !== chosen ? installed : undefined;
}

/** The build that is here and not in use, if there is one. What it is worth and what to do with it: useOffer.ts. */
export const useUpdate = () => readonly(other);
