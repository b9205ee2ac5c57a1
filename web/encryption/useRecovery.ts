import { computed } from 'vue';
import { useCrypto } from './useCrypto';

/** How the viewer would get back what is encrypted, as far as this page knows. */
export function useRecovery() {
  const client = useCrypto();
  const ready = computed(() => client.value?.status.value === 'ready');
  const made = computed(() => client.value?.recovery.state.value === 'on');
  /** What would be lost with this browser; empty where there is nothing, or a recovery key. */
  const atRisk = computed(() => (made.value ? '' : onlyHere(client.value?.recovery.messagesOnlyHere.value ?? 0)));
  return { ready, made, atRisk };
}

function onlyHere(messages: number): string {
  if (messages === 0) return '';
  return `${messages === 1 ? 'One message is' : `${messages} messages are`} readable in this browser only.`;
}
