import { shallowRef } from 'vue';
import type { CryptoClient } from '../crypto/types';

const client = shallowRef<CryptoClient>();
let opening: Promise<CryptoClient> | undefined;

/** What this page knows of encrypted rooms: undefined until it was needed. */
export const useCrypto = () => client;

/** Loads it, and makes this browser a device of the viewer's or goes on as the one that it is. Rejects while it cannot be loaded. */
export function openCrypto(): Promise<CryptoClient> {
  opening ??= open().catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function open() {
  const { cryptoClient, start } = await import('./start');
  client.value = cryptoClient;
  await start();
  return cryptoClient;
}
