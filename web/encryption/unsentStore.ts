import { noteForgetful } from '../lib/database';
import { inOrder, type Unsent } from '../lib/outboxStore';
import { openCrypto } from './useCrypto';

/** The viewer's unsent messages of encrypted rooms, kept where the rooms are. What cannot be written there is kept in memory. */
export const unsentStore = openStore();

function openStore() {
  const spare = new Map<string, Unsent>();
  const keyOf = (id: string) => `unsent ${id}`;
  const kept = async () => (await openCrypto()).kept;

  return {
    async all() {
      const stored = await kept()
        .then(({ readAll }) => readAll<Unsent>(keyOf('')))
        .catch(() => []);
      return inOrder([...stored, ...spare.values()]);
    },
    async put(item: Unsent) {
      spare.set(item.id, item);
      await kept().then(
        ({ write }) => write(keyOf(item.id), item).then(() => void spare.delete(item.id), noteForgetful),
        () => undefined,
      );
    },
    async remove(id: string) {
      spare.delete(id);
      await kept()
        .then(({ remove }) => remove(keyOf(id)))
        .catch(() => undefined);
    },
  };
}
