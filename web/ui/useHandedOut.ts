import { computed, ref, shallowRef } from 'vue';
import { errorSentence } from '../lib/errors';
import { useSubmit } from './useSubmit';

export interface HandedOut<Row> {
  read: () => Promise<Row[]>;
  withdraw: (id: string) => Promise<unknown>;
}

/** What a person hands out, as links and tokens: a secret that is shown once, and from then on a row that can be withdrawn. */
export function useHandedOut<Row>({ read, withdraw }: HandedOut<Row>) {
  const rows = shallowRef<Row[]>([]);
  const secret = ref<string>();
  const unread = ref<string>();
  const withdrawing = useSubmit(async (id: string) => {
    await withdraw(id);
    await show(undefined);
  });
  const sentence = computed(() => unread.value ?? withdrawing.sentence.value);

  /** Shows a secret that was just made, or none, beside the rows as they are now. */
  async function show(made: string | undefined) {
    secret.value = made;
    rows.value = await read();
  }

  show(undefined).catch((error) => {
    unread.value = errorSentence(error);
  });

  return { rows, secret, sentence, withdrawing, show };
}
