import { type InjectionKey, inject, ref, watch } from 'vue';
import { connection } from '../lib/live';
import type { ShownFile } from './fileWords';
import { previews } from './uploadStates';

/** Gives the address of an encrypted file's bytes. Nothing is provided where files have an address of their own. */
export const fileUrlKey: InjectionKey<(file: ShownFile) => Promise<string>> = Symbol('fileUrl');

/** Where an image is: as the server serves it, and in an encrypted room where its bytes are once they were opened. */
export function useFileAddress(file: () => ShownFile, served: () => string) {
  const fileUrl = inject(fileUrlKey, undefined);
  const opened = ref('');
  const unopened = ref(false);
  const address = () => (fileUrl ? (previews.get(file().id) ?? opened.value) : served());

  async function open() {
    unopened.value = false;
    try {
      opened.value = (await fileUrl?.(file())) ?? '';
    } catch (error) {
      console.error(error);
      unopened.value = true;
    }
  }

  if (fileUrl && !previews.has(file().id)) void open();
  watch(connection, (now) => now === 'online' && unopened.value && void open());
  return { address, unopened, open };
}
