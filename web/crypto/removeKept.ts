import { CHANNEL } from './worker/protocol.ts';

/** Removes what this browser keeps of encrypted rooms, of whomever. Waits until those who have it open have closed it. */
export async function removeKept() {
  const all = await indexedDB.databases();
  const own = all.map(({ name = '' }) => name).filter((name) => name.startsWith(CHANNEL));
  await Promise.all(own.map(removed));
}

const removed = (name: string) =>
  new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
