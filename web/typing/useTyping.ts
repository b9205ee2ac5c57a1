import { computed, onScopeDispose, shallowReactive } from 'vue';
import { isEncrypted } from '../encryption/pinnedRooms';
import type { NamedPerson } from '../messages/messageNames';
import { useShown } from '../settings/useShown';
import { plainTyping, sealedTyping, type Typist } from './typingChannel';
import { shortNames } from './typingNames';

const TELL_EVERY = 2_000;
const WEARS_OFF = 5_000;

/** Who else is typing in a room, and a way to tell that the viewer is. */
export function useTyping(roomId: string, viewerId: string, members: () => readonly NamedPerson[]) {
  const channel = isEncrypted(roomId) ? sealedTyping(roomId, members) : plainTyping(roomId);
  const people = shallowReactive(new Map<string, Typist>());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const arrivals = new Map<string, string>();
  const { shown } = useShown();
  const names = computed(() => shortNames([...people.values()]));
  let told = 0;

  const stop = channel.follow((user, at) => user.id !== viewerId && show(user, at));
  onScopeDispose(() => {
    stop();
    for (const timer of timers.values()) clearTimeout(timer);
  });

  function show(user: Typist, at: string) {
    if (at <= (arrivals.get(user.id) ?? '')) return;
    clearTimeout(timers.get(user.id));
    timers.set(
      user.id,
      setTimeout(() => people.delete(user.id), WEARS_OFF),
    );
    people.set(user.id, user);
  }

  /** Call it with every key: it is sent at most every 2 s, only over the open socket, and not if the viewer is private. */
  function tell() {
    if (!shown.typing || Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    channel.tell().catch(() => {});
  }

  /** What this person was typing has arrived; that they were typing it before may be told later. */
  function arrived(userId: string | undefined, createdAt: string) {
    if (!userId) return;
    people.delete(userId);
    arrivals.set(userId, createdAt);
  }

  /** The viewer sent what they were typing: the next key is told of at once. */
  function sent() {
    told = 0;
  }

  return { names, tell, arrived, sent };
}
