import { nextTick, ref } from 'vue';
import { type ErrorCode, errorCode, errorSentence, fieldErrors } from '../lib/errors';

/**
 * One form or one button: busy while it runs, and what went wrong, by field where the server said which. `sentences` says
 * it better than the server where the form knows more.
 */
export function useSubmit<Arguments extends unknown[]>(
  run: (...given: Arguments) => Promise<unknown>,
  sentences: Partial<Record<ErrorCode, string>> = {},
) {
  const busy = ref(false);
  const sentence = ref<string>();
  const fields = ref<Record<string, string>>({});

  async function submit(...given: Arguments) {
    if (busy.value) return;
    busy.value = true;
    sentence.value = undefined;
    fields.value = {};
    try {
      await run(...given);
    } catch (error) {
      await explain(error);
    } finally {
      busy.value = false;
    }
  }

  async function explain(error: unknown) {
    const faults = Object.entries(fieldErrors(error)).map(([field, [first = '']]) => [field, first]);
    fields.value = Object.fromEntries(faults);
    if (!faults.length) sentence.value = sentences[errorCode(error) ?? 'NETWORK'] ?? errorSentence(error);
    await nextTick();
    document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  return { busy, sentence, fields, submit };
}
