import { ref } from 'vue';
import { errorSentence } from '../lib/errors';
import type { Message } from '../lib/roomStore';
import { act } from '../request';
import { copyText } from '../ui/copyText';
import { notify } from '../ui/useNotice';
import { deleteMessage, editMessage, pinMessage, unpinMessage } from './messageDocuments';

/** What can be done with messages that are in the room. `learn` takes in what they became. */
export function useMessageActions(learn: (message: Message) => void) {
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
      learn((await act(editMessage, { input: { id: message.id, body } })).editMessage);
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
      learn((await act(deleteMessage, { id: removing.value.id })).deleteMessage);
      removing.value = undefined;
    } catch (error) {
      problem.value = errorSentence(error);
    }
    busy.value = false;
  }

  /** Pins it, or takes the pin away. */
  async function pin({ id: messageId, pinnedAt }: Message) {
    try {
      if (pinnedAt) learn((await act(unpinMessage, { messageId })).unpinMessage);
      else learn((await act(pinMessage, { messageId })).pinMessage);
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
