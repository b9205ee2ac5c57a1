import { computed } from 'vue';
import { useCrypto } from './useCrypto';

/** How the viewer would get back what is encrypted, as far as this page knows. */
export function useRecovery() {
  const client = useCrypto();
  const ready = computed(() => client.value?.status.value === 'ready');
  const made = computed(() => client.value?.recovery.state.value === 'on');
  /** What would be lost with this browser, as a sentence; empty where there is nothing. */
  const notSaved = computed(() => onlyHere(client.value?.recovery.messagesOnlyHere.value ?? 0));
  /** The same, where there is no recovery key that would save it. */
  const atRisk = computed(() => (made.value ? '' : notSaved.value));
  return { ready, made, notSaved, atRisk };
}

function onlyHere(messages: number): string {
  if (messages === 0) return '';
  return `${messages === 1 ? 'One message is' : `${messages} messages are`} readable in this browser only.`;
}
