import { type InjectionKey, inject, ref, watch } from 'vue';
import { connection } from '../lib/live';
import type { ShownFile } from './fileWords';

/** Gives the address of an encrypted file's bytes. Nothing is provided where files have an address of their own. */
export const fileUrlKey: InjectionKey<(file: ShownFile) => Promise<string>> = Symbol('fileUrl');

/** The address of an encrypted file once it was opened; empty in other rooms. */
export function useFileAddress(file: () => ShownFile) {
  const fileUrl = inject(fileUrlKey, undefined);
  const opened = ref('');
  const unopened = ref(false);

  async function open() {
    unopened.value = false;
    try {
      opened.value = (await fileUrl?.(file())) ?? '';
    } catch (error) {
      console.error(error);
      unopened.value = true;
    }
  }

  watch(connection, (now) => now === 'online' && unopened.value && void open());
  return { sealed: Boolean(fileUrl), opened, unopened, open };
}
