import { shallowReactive, watch } from 'vue';
import type { PresenceSubscription } from '../gql/graphql';
import { connection, subscribe } from '../lib/live';
import { useShown } from '../settings/useShown';
import { presenceSubscription } from './presenceDocuments';

const here = shallowReactive(new Set<string>());
const { shown } = useShown();

/** Has the viewer be here, and learns who else is, while the viewer has it switched on. Gives the function that stops it. */
function follow(): () => void {
  const begin = () => {
    const stop = subscribe(presenceSubscription, () => ({}), { next: learn, complete: () => 'again' });
    return () => {
      stop();
      here.clear();
    };
  };
  return watch(
    () => shown.presence,
    (on, _, onCleanup) => on && onCleanup(begin()),
    { immediate: true, flush: 'sync' },
  );
}

function learn({ presence }: PresenceSubscription) {
  if (presence.isComplete) here.clear();
  for (const id of presence.here) here.add(id);
  for (const id of presence.gone) here.delete(id);
}

/** Whether somebody is here, as far as is known; nobody is while there is no connection to know it by. */
function isHere(userId: string | undefined): boolean {
  return Boolean(userId && here.has(userId) && connection.value !== 'offline');
}

export function usePresence() {
  return { follow, isHere };
}
