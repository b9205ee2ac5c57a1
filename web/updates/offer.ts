import { hashOf } from '../worker/builds';
import { note, noted } from '../worker/notes';
import { isSigned, manifestOf, ownPapers, served, servedPapers } from './manifest';

/** A build that is here and not in use. Its key is the one that signs what comes after it. */
export interface Offer {
  build: string;
  verdict: 'trusted' | 'unsigned' | 'older';
  key: string;
}

/**
 * Judges a build by what the server has now, with the code of the build that is in use. Nothing where the server has
 * yet another. Where nobody signs, every build is as good.
 */
export async function judge(build: string): Promise<Offer | undefined> {
  const own = manifestOf(await ownPapers());
  const trusted = (await noted('key')) ?? own?.key ?? '';
  if (!trusted) return { build, verdict: 'trusted', key: '' };
  const [papers, worker] = await Promise.all([servedPapers(), served('/sw.js')]);
  const manifest = manifestOf(papers);
  const key = manifest?.key || trusted;
  const vouched = (await isSigned(papers, trusted)) && manifest?.files['/sw.js'] === (await hashOf(worker));
  if (!manifest || !vouched) return { build, verdict: 'unsigned', key };
  if (manifest.build !== build) return undefined;
  return { build, verdict: isOlder(manifest.version, own?.version ?? '') ? 'older' : 'trusted', key };
}

/** Has the build used from now on, and its key decide about the next one: one without a key changes nothing about that. */
export async function accept({ build, key }: Offer) {
  if (key) await note('key', key);
  await note('chosen', build);
}

const isOlder = (version: string, than: string) => version.localeCompare(than, 'en', { numeric: true }) < 0;
