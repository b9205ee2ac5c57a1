import { useViewer } from '../auth/useViewer';
import { cryptoClient } from '../crypto/client';
import type { CryptoClient } from '../crypto/types';
import { refusal } from '../lib/errors';
import { sessionName } from '../sessions/sessionName';
import { consentsToPlain } from './plainConsent';
import { openCrypto } from './useCrypto';

export { openedRoom } from './openedRoom';
export { cryptoClient };

/** Begins, or tries again what failed. What comes of it is in the client's status. */
export async function start() {
  const user = useViewer().viewer.value?.user;
  if (!user) return;
  await cryptoClient.start({ id: user.id, deviceName: sessionName(navigator.userAgent) });
}

/** What this page knows of encrypted rooms, ready to write. Rejects with what to do where it is not. */
export async function readyCrypto(): Promise<CryptoClient> {
  const crypto = await openCrypto();
  if (crypto.status.value === 'elsewhere') throw refusal('CONFLICT', ELSEWHERE);
  if (crypto.status.value !== 'ready') throw refusal('CONFLICT', crypto.problem.value || NOT_YET);
  return crypto;
}

/** Whether a new conversation is to be encrypted: always, but where this browser cannot and the person would rather write than not. */
export async function encryptsNew(): Promise<boolean> {
  const { status, problem } = await openCrypto();
  if (status.value !== 'unsupported') return Boolean(await readyCrypto());
  if (await consentsToPlain(problem.value)) return false;
  throw refusal('CONFLICT', problem.value);
}

const ELSEWHERE = 'This browser does not have your keys yet. Look under Settings, Encryption.';
const NOT_YET = 'The encryption of this browser is not ready yet. Try again in a moment.';
