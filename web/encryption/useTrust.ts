import { onScopeDispose, ref, watch } from 'vue';
import type { Trust } from '../crypto/types';
import { openCrypto, useCrypto } from './useCrypto';

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

  async function settle(how: 'verify' | 'accept') {
    const { people } = await openCrypto();
    await people[how](userId());
    await look();
  }

  watch([userId, () => client.value?.status.value], () => void look().catch(() => undefined), { immediate: true });
  onScopeDispose(() => {
    closed = true;
  });
  return { trust, verify: () => settle('verify'), accept: () => settle('accept') };
}
