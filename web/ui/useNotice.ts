import { ref } from 'vue';

const notice = ref('');
let timer: ReturnType<typeof setTimeout> | undefined;

/** A sentence that is shown, and read out, for a moment. */
export function notify(sentence: string) {
  clearTimeout(timer);
  notice.value = sentence;
  timer = setTimeout(() => {
    notice.value = '';
  }, 6000);
}

export function useNotice() {
  return notice;
}
