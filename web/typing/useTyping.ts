import { computed, onScopeDispose, shallowReactive } from 'vue';
import type { UserPartsFragment } from '../gql/graphql';
import { execute, subscribe } from '../lib/live';
import { setTyping, typingSubscription } from './typingDocuments';
import { shortNames } from './typingNames';

const TELL_EVERY = 2_000;
const WEARS_OFF = 5_000;
const SETTLES = 1_000;

/** Who else is typing in a room, and a way to tell that the viewer is. */
export function useTyping(roomId: string, viewerId: string) {
  const people = shallowReactive(new Map<string, UserPartsFragment>());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const quietUntil = new Map<string, number>();
  const names = computed(() => shortNames([...people.values()]));
  let told = 0;

  const stop = subscribe(typingSubscription, () => ({ roomId }), {
    next: ({ typing }) => typing.user.id !== viewerId && show(typing.user),
    complete: () => 'again',
  });
  onScopeDispose(() => {
    stop();
    for (const timer of timers.values()) clearTimeout(timer);
  });

  function show(user: UserPartsFragment) {
    if (Date.now() < (quietUntil.get(user.id) ?? 0)) return;
    clearTimeout(timers.get(user.id));
    timers.set(
      user.id,
      setTimeout(() => people.delete(user.id), WEARS_OFF),
    );
    people.set(user.id, user);
  }

  /** Call it with every key: it is sent at most every 2 s, and only over the open socket, for it is stale at once. */
  function tell() {
    if (Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    execute(setTyping, { roomId }).catch(() => {});
  }

  /** What this person was typing has arrived; that they were typing it may be told a little later. */
  function arrived(userId: string | undefined) {
    if (!userId) return;
    people.delete(userId);
    quietUntil.set(userId, Date.now() + SETTLES);
  }

  /** The viewer sent what they were typing: the next key is told of at once. */
  function sent() {
    told = 0;
  }

  return { names, tell, arrived, sent };
}
