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
  await (await import('../notifications/useWebPush')).endPush(viewerId);
  await removeAll(viewerId);
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
