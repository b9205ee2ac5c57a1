import { refreshSession } from './client';
import { wake } from './retry';
import { createLive } from './supervisor';

export type { Connection, Listener } from './supervisor';

/** The live connection of this page. */
export const { connection, subscribe, execute, retry, hangUp } = createLive({
  url: () => `${location.origin.replace(/^http/, 'ws')}/graphql`,
  refresh: refreshSession,
});

watchThePage(() => {
  wake();
  retry();
});

/** Calls back when the network may have changed: online, offline, shown again, or awake after sleep. */
function watchThePage(callback: () => void) {
  if (typeof window === 'undefined') return;
  for (const type of ['online', 'offline']) window.addEventListener(type, callback);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && callback());
  let beat = Date.now();
  setInterval(() => {
    const slept = Date.now() - beat > 10_000 && document.visibilityState === 'visible';
    beat = Date.now();
    if (slept) callback();
  }, 2_000);
}
