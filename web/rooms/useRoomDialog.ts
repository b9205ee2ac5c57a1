import { ref } from 'vue';

const opened = ref<'create' | 'browse' | 'direct' | 'jump' | 'keys' | 'signOut'>();

/** The one dialog about rooms that is open, wherever it was opened from. */
export function useRoomDialog() {
  return opened;
}
