import { onScopeDispose, ref, watch } from 'vue';
import type { SafetyNumber, Trust } from '../crypto/types';
import { openCrypto, useCrypto } from './useCrypto';

/** How often somebody was verified or accepted in this page: whoever shows how far they are trusted looks again then. */
const settled = ref(0);

/** How far this device trusts that somebody is who they were. Undefined until it is known. */
export function useTrust(userId: () => string) {
  const client = useCrypto();
  const trust = ref<Trust>();
  let closed = false;

  async function look() {
    const id = userId();
    const now = await client.value?.people.trustOf(id);
    if (!closed && id === userId()) trust.value = now;
  }

  async function settle(how: 'verify' | 'accept', { key }: SafetyNumber) {
    const { people } = await openCrypto();
    try {
      await people[how](userId(), key);
    } finally {
      settled.value += 1;
      await look();
    }
  }

  watch([userId, () => client.value?.status.value, settled], () => void look().catch(() => undefined), {
    immediate: true,
  });
  onScopeDispose(() => {
    closed = true;
  });
  return {
    trust,
    verify: (compared: SafetyNumber) => settle('verify', compared),
    accept: (shown: SafetyNumber) => settle('accept', shown),
  };
}
