import { computed, ref } from 'vue';
import { useAsked } from './useAsked';
import { useSubmit } from './useSubmit';

export interface HandedOut<Row> {
  read: () => Promise<Row[]>;
  withdraw: (id: string) => Promise<unknown>;
}

/** What a person hands out, as links and tokens: a secret that is shown once, and from then on a row that can be withdrawn. */
export function useHandedOut<Row>({ read, withdraw }: HandedOut<Row>) {
  const { answer, unread, again } = useAsked(read);
  const secret = ref<string>();
  const withdrawing = useSubmit(async (id: string) => {
    await withdraw(id);
    await show(undefined);
  });
  const sentence = computed(() => unread.value ?? withdrawing.sentence.value);

  /** Shows a secret that was just made, or none, beside the rows as they are now. */
  async function show(made: string | undefined) {
    secret.value = made;
    await again();
  }

  return { rows: computed(() => answer.value ?? []), secret, sentence, withdrawing, show };
}
