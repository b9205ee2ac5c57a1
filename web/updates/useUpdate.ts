import { readonly, ref } from 'vue';
import { scriptAddress } from '../lib/scriptAddress';

const AN_HOUR = 3_600_000;
const ready = ref(false);
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
  if (registration.waiting) ready.value = true;
  registration.addEventListener('updatefound', watchInstalling);
  document.addEventListener('visibilitychange', askAgain);
}

function watchInstalling() {
  const worker = registration?.installing;
  worker?.addEventListener('statechange', () => {
    if (worker.state === 'installed' && registration?.active) ready.value = true;
  });
}

// Browsers ask when a page is loaded; this one may stay open for weeks.
function askAgain() {
  if (document.visibilityState !== 'visible' || Date.now() - asked < AN_HOUR) return;
  asked = Date.now();
  registration?.update().catch(() => {});
}

/** Loads the page anew, in its new version. */
function apply() {
  if (!registration?.waiting) return location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  registration.waiting.postMessage('take over');
}

/** Whether a new version is here. It is used only when somebody says so. */
export function useUpdate() {
  return { ready: readonly(ready), apply };
}
