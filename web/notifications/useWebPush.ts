import { ref } from 'vue';
import { useViewer } from '../auth/useViewer';
import { graphql } from '../gql';
import { errorSentence } from '../lib/errors';
import { act, ask } from '../request';
import { stored } from '../ui/stored';
import { useNotifications } from './useNotifications';

const pushKeyQuery = graphql(`
  query PushKey {
    server {
      pushKey
    }
  }
`);

const setPushMutation = graphql(`
  mutation SetPush($subscription: PushSubscriptionInput) {
    setPush(subscription: $subscription) {
      hasPush
    }
  }
`);

const pushes = 'PushManager' in globalThis && 'serviceWorker' in navigator;
const { viewer } = useViewer();
const { supported, permit } = useNotifications();
const on = ref(false);
const fault = ref('');
/** One after the other: what was wished last is what holds. */
let settled: Promise<void> = Promise.resolve();

const keyOf = (viewerId: string) => `push ${viewerId}`;

/** Tells this browser also while no page is open, or no longer. Call it only when the person has just asked for it. */
function turn(wanted: boolean) {
  settled = settled.then(() => change(wanted));
}

async function change(wanted: boolean) {
  fault.value = '';
  try {
    if (!wanted) await end();
    else if (!(await permit())) fault.value = 'Your browser does not let this page show notices.';
    else await begin();
  } catch (error) {
    fault.value = sentenceOf(error);
  }
}

/** Says again where this browser is reached: the session, or the address, may be another than the last time. */
function renew() {
  settled = settled.then(async () => {
    if (!on.value || !pushes || !supported || Notification.permission !== 'granted') return;
    await begin().catch(() => {}); // The next start tries again.
  });
}

async function begin() {
  const { server } = await ask(pushKeyQuery, {});
  const { endpoint, keys } = (await subscribe(server.pushKey)).toJSON();
  const subscription = { endpoint: endpoint ?? '', p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' };
  await act(setPushMutation, { subscription });
  keep(true);
}

async function end() {
  await act(setPushMutation, { subscription: null });
  await unsubscribe();
  keep(false);
}

/** Has the push service forget this browser, when the person signs out. The server has by then. */
export async function endPush(viewerId: string) {
  if (stored.get(keyOf(viewerId))) await unsubscribe().catch(() => false);
  stored.set(keyOf(viewerId), null);
}

// A subscription belongs to the key of one server: one of another life of it is of no use.
async function subscribe(key: string): Promise<PushSubscription> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const wanted = bytesOf(key);
  const held = await pushManager.getSubscription();
  if (held && isSame(held.options.applicationServerKey, wanted)) return held;
  await held?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
}

async function unsubscribe() {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription())?.unsubscribe();
}

function keep(now: boolean) {
  on.value = now;
  if (viewer.value) stored.set(keyOf(viewer.value.id), now ? 'yes' : null);
}

function bytesOf(key: string) {
  const text = atob(key.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const isSame = (one: ArrayBuffer | null, other: Uint8Array) =>
  one !== null && String(new Uint8Array(one)) === String(other);

// What a push service says is for its own people.
const sentenceOf = (error: unknown) =>
  error instanceof DOMException
    ? 'The push service of this browser cannot be reached. Try again later, or do without.'
    : errorSentence(error);

/** Notices while no page of this server is open in this browser. */
export function useWebPush() {
  on.value = Boolean(viewer.value && stored.get(keyOf(viewer.value.id)));
  return { pushes, on, fault, turn, renew };
}
