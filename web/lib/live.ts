import { wake } from './retry';
import { refreshSession } from './session';
import { createLive } from './supervisor';

export type { Connection, Listener } from './supervisor';

/** The live connection of this page. */
export const { connection, subscribe, execute, retry, hangUp } = createLive({
  url: () => `${location.origin.replace(/^http/, 'ws')}/graphql`,
  refresh: refreshSession,
});

watchThePage((slept) => {
  wake();
  retry(slept);
});

/** Calls back when the network may have changed: online, offline, shown again, or awake after sleep. */
function watchThePage(callback: (slept: boolean) => void) {
  if (typeof window === 'undefined') return;
  let beat = Date.now();
  const isShown = () => document.visibilityState === 'visible';
  const lost = (ms: number) => Date.now() - beat > ms;
  for (const type of ['online', 'offline']) window.addEventListener(type, () => callback(false));
  // Hidden pages are given as little as one beat a minute.
  document.addEventListener('visibilitychange', () => isShown() && callback(lost(90_000)));
  setInterval(() => {
    const slept = isShown() && lost(10_000);
    beat = Date.now();
    if (slept) callback(true);
  }, 1_000);
}
