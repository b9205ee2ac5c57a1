/**
 * What pages and the service worker note for each other: the build that is here, the one that is used, the one that
 * somebody did not want, and the key that has to sign the next one.
 */
type Note = 'installed' | 'chosen' | 'refused' | 'key';

const NOTES = 'release';

/** Nothing where a browser keeps nothing: a page that came without https has no caches. */
export const noted = async (what: Note): Promise<string | undefined> =>
  (await globalThis.caches?.match(`/${what}`, { cacheName: NOTES }))?.text();

export async function note(what: Note, value: string) {
  await (await caches.open(NOTES)).put(`/${what}`, new Response(value));
}
