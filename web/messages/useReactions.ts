import { computed, type Ref, shallowReactive } from 'vue';
import { errorSentence } from '../lib/errors';
import type { Message, RoomLog } from '../lib/roomStore';
import { notify } from '../ui/useNotice';
import { isOwn, type Reactor, type Wishes, withWishes } from './reactions';
import type { RoomSource } from './roomSource';

/**
 * Answers messages with emojis: `shown` is the room with what the viewer wants already done. What the server refuses is
 * taken back. `learn` takes in what it says.
 */
export function useReactions(
  source: Pick<RoomSource, 'react'>,
  log: Readonly<Ref<RoomLog | undefined>>,
  me: Reactor,
  learn: (message: Message) => void,
) {
  const wishes = shallowReactive(new Map<string, Wishes>());
  const shown = computed(() => {
    if (!log.value || !wishes.size) return log.value;
    const messages = log.value.messages.map((one) => withWishes(one, wishes.get(one.id) ?? NONE, me));
    return { ...log.value, messages };
  });

  /** Answers with the emoji, or takes that back. */
  function react({ id, reactions }: Message, emoji: string) {
    const own = reactions.some((reaction) => reaction.emoji === emoji && isOwn(reaction, me.id));
    const busy = wishes.get(id)?.has(emoji);
    wish(id, emoji, !own);
    if (!busy) void fulfil(id, emoji);
  }

  // Whoever changes their mind meanwhile is obeyed in the end.
  async function fulfil(id: string, emoji: string) {
    try {
      for (let on = wishes.get(id)?.get(emoji), done: boolean | undefined; on !== undefined && on !== done; ) {
        learn(await source.react(id, emoji, on));
        done = on;
        on = wishes.get(id)?.get(emoji);
      }
    } catch (error) {
      notify(`Your reaction was not kept. ${errorSentence(error)}`);
    }
    wish(id, emoji, undefined);
  }

  function wish(id: string, emoji: string, on: boolean | undefined) {
    const now = new Map(wishes.get(id));
    if (on === undefined) now.delete(emoji);
    else now.set(emoji, on);
    if (now.size) wishes.set(id, now);
    else wishes.delete(id);
  }

  return { shown, react };
}

const NONE: Wishes = new Map();
