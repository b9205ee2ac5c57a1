import { mayWriteDrafts } from '../lib/forget';
import { type Draft, isEmpty } from '../messages/useDraft';
import { openCrypto } from './useCrypto';

/*
 * What is being written in encrypted rooms, kept where the rooms are. What cannot be had or kept now lives as long as
 * the page.
 */
export const read = (key: string) =>
  openCrypto()
    .then(({ kept }) => kept.read<Draft>(key))
    .catch(() => undefined);

export async function write(key: string, draft: Draft) {
  if (!mayWriteDrafts()) return;
  await openCrypto()
    .then(({ kept }) => (isEmpty(draft) ? kept.remove(key) : kept.write(key, draft)))
    .catch(() => undefined);
}
