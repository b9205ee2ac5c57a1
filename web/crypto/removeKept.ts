import { removeDatabase } from './worker/database';
import { CHANNEL } from './worker/protocol';

/** Removes what this browser keeps of encrypted rooms, of whomever. */
export async function removeKept() {
  const all = await indexedDB.databases();
  const own = all.map(({ name = '' }) => name).filter((name) => name.startsWith(CHANNEL));
  await Promise.all(own.map(removeDatabase));
}
