import { onScopeDispose, shallowRef, watch } from 'vue';
import type { SealedEvent } from '../crypto/types';
import { errorSentence } from '../lib/errors';
import type { Message } from '../lib/roomStore';
import { sourceOf } from '../messages/roomSource';
import { messageNow } from '../messages/withPerson';
import { onPersonChanged } from '../users/people';

export type Pins = ReturnType<typeof usePins>;

/** The pinned messages of a room, newest pin first: read when somebody looks at them, kept current by the log. */
export function usePins(roomId: () => string) {
  const list = shallowRef<readonly Message[]>();
  const fault = shallowRef('');
  let seq = 0;

  async function load() {
    const id = roomId();
    try {
      const { messages, lastSeq } = await sourceOf(id).pins();
      if (id !== roomId()) return;
      [list.value, seq, fault.value] = [messages, lastSeq, ''];
    } catch (error) {
      fault.value = errorSentence(error);
    }
  }

  function apply(event: SealedEvent) {
    if (!list.value) return;
    if (event.__typename === 'Reset') return void load();
    if (event.seq > seq) list.value = pinsAfter(list.value, event);
  }

  const stop = onPersonChanged((news) => {
    list.value = list.value?.map((message) => messageNow(message, news));
  });
  onScopeDispose(stop);

  watch(roomId, () => {
    list.value = undefined;
  });

  return { list, fault, load, apply };
}

/** The pins after an entry of the log. */
function pinsAfter(pins: readonly Message[], event: SealedEvent): readonly Message[] {
  if (event.__typename === 'MessagesExpired') return pins.filter(({ seq }) => seq > event.upTo);
  if (!('message' in event)) return pins;
  const { message } = event;
  const at = pins.findIndex(({ id }) => id === message.id);
  if (message.pinnedAt && !message.deletedAt) return at < 0 ? withPin(pins, message) : pins.with(at, message);
  return at < 0 ? pins : pins.toSpliced(at, 1);
}

const withPin = (pins: readonly Message[], message: Message) =>
  [message, ...pins].sort((a, b) => (b.pinnedAt ?? '').localeCompare(a.pinnedAt ?? ''));
