import { ref } from 'vue';
import { errorSentence } from '../lib/errors';
import type { Message } from '../lib/roomStore';
import { copyText } from '../ui/copyText';
import { notify } from '../ui/useNotice';
import { sourceOf } from './roomSource';

/** What can be done with messages that are in the room. `learn` takes in what they became. */
export function useMessageActions(roomId: string, learn: (message: Message) => void) {
  const source = sourceOf(roomId);
  const editing = ref<Message>();
  const removing = ref<Message>();
  const busy = ref(false);
  const problem = ref('');

  /** Shows the new text at once, and takes it back if the server refuses it. */
  async function save(message: Message, body: string) {
    editing.value = undefined;
    if (body === message.body) return;
    learn({ ...message, body });
    try {
      learn(await source.edit(message.id, body));
    } catch (error) {
      learn(message);
      notify(`Your change was not saved. ${errorSentence(error)}`);
    }
  }

  async function remove() {
    if (!removing.value || busy.value) return;
    busy.value = true;
    problem.value = '';
    try {
      learn(await source.remove(removing.value.id));
      removing.value = undefined;
    } catch (error) {
      problem.value = errorSentence(error);
    }
    busy.value = false;
  }

  /** Pins it, or takes the pin away. */
  async function pin({ id, pinnedAt }: Message) {
    try {
      learn(await source.pin(id, !pinnedAt));
    } catch (error) {
      notify(errorSentence(error));
    }
  }

  function askToRemove(message?: Message) {
    problem.value = '';
    removing.value = message;
  }

  async function copy({ body }: Message) {
    if (await copyText(body ?? '')) notify('Copied');
  }

  async function copyLink({ id }: Message) {
    const link = new URL(location.pathname, location.origin);
    link.searchParams.set('message', id);
    if (await copyText(link.href)) notify('Link copied');
  }

  return { editing, removing, busy, problem, save, askToRemove, remove, pin, copy, copyLink };
}
