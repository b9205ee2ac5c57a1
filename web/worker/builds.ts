const SHELL = 'shell ';

/** Where a build names all its files, each with its SHA-256, and where the signatures of that are. */
export const MANIFEST = '/.well-known/app-manifest.json';
export const SIGNATURE = '/.well-known/app-manifest.sig';

/** The cache that holds the files of a build. */
export const cacheOf = (build: string) => SHELL + build;

/** The caches that hold builds, the oldest first. */
export const builds = async () => (await caches.keys()).filter((name) => name.startsWith(SHELL));

/** SHA-256, in hexadecimal. */
export async function hashOf(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
