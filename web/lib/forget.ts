import { pinsKey } from '../encryption/pinnedRooms';
import { stored } from '../ui/stored';
import { removeAll } from './database';

let forgotten = false;

/** The place of a draft in the browser's storage. */
export const draftKey = (viewerId: string, roomId: string) => `draft ${viewerId} ${roomId}`;

/** Whether a draft may still be written: not once its person has signed out and the page is about to go. */
export const mayWriteDrafts = () => !forgotten;

/** Removes what this device keeps of a person who signs out: drafts, what was not sent, rooms as they were shown. */
export async function forgetPerson(viewerId: string) {
  forgotten = true;
  for (const key of draftKeys(viewerId)) localStorage.removeItem(key);
  await forgetEncrypted(viewerId);
  await (await import('../notifications/useWebPush')).endPush(viewerId);
  await removeAll(viewerId);
}

// Once the page is at rest it has been loaded; where it has not, there may be something all the same.
async function forgetEncrypted(viewerId: string) {
  const { cryptoClient } = await import('../encryption/start');
  await cryptoClient.forget();
  stored.set(pinsKey(viewerId), null);
}

/** Removes what others wrote, when the session was ended elsewhere. The person's own words wait for them. */
export const forgetRooms = (viewerId: string) => removeAll(viewerId, ['logs']);

/** The keys of the files that the person's drafts name. */
export function draftedFiles(viewerId: string): string[] {
  const drafts = draftKeys(viewerId).map((key) => JSON.parse(localStorage.getItem(key) ?? '{}'));
  return drafts.flatMap(({ files = [] }) => files.map(({ key }: { key: string }) => key));
}

function draftKeys(viewerId: string) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(draftKey(viewerId, '')));
  } catch {
    return [];
  }
}
