import { onScopeDispose, shallowRef } from 'vue';

/** The current day; changes at midnight. */
export function useToday() {
  const today = shallowRef(new Date());
  let timer = setTimeout(turn, untilMidnight());

  function turn() {
    today.value = new Date();
    timer = setTimeout(turn, untilMidnight());
  }

  onScopeDispose(() => clearTimeout(timer));
  return today;
}

function untilMidnight() {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime() + 500;
}
