import { computed, ref } from 'vue';
import { graphql } from '../gql';
import { errorSentence } from '../lib/errors';
import { formatTime } from '../lib/formats';
import { act } from '../request';
import { stored } from '../ui/stored';
import { notify } from '../ui/useNotice';

const hushMutation = graphql(`
  mutation Hush($until: DateTime) {
    hush(until: $until) {
      hushedUntil
    }
  }
`);

const MINUTE = 60_000;
const LONGEST_TIMER = 2 ** 31 - 1;
const KEY = 'hush';
/** How the server is told of a quiet that is ended by hand. */
const FOR_EVER = Date.UTC(9999, 0, 1);

/** When the quiet ends: milliseconds, Infinity until it is ended by hand, 0 when there is none. */
const until = ref(0);
let timer: ReturnType<typeof setTimeout> | undefined;

const hushed = computed(() => until.value > 0);
const label = computed(() => {
  if (!hushed.value) return '';
  if (until.value === Number.POSITIVE_INFINITY) return 'Hushed';
  const end = new Date(until.value);
  const today = end.toDateString() === new Date().toDateString();
  return `Hushed until ${today ? '' : 'tomorrow '}${formatTime(end.toISOString())}`;
});

export const lengths: { label: string; end: () => number }[] = [
  { label: 'For 30 minutes', end: () => Date.now() + 30 * MINUTE },
  { label: 'For an hour', end: () => Date.now() + 60 * MINUTE },
  { label: 'Until 8 in the morning', end: morning },
  { label: 'Until I end it', end: () => Number.POSITIVE_INFINITY },
];

function morning() {
  const at = new Date();
  if (at.getHours() >= 8) at.setDate(at.getDate() + 1);
  return at.setHours(8, 0, 0, 0);
}

/** Takes effect here at once; taken back when the server cannot be told. */
async function hush(end: number) {
  const before = until.value;
  keep(end);
  try {
    const time = Math.min(end, FOR_EVER);
    await act(hushMutation, { until: time ? new Date(time).toISOString() : null });
  } catch (error) {
    keep(before);
    notify(errorSentence(error));
  }
}

/** What the server says: another device may have hushed. */
function told(time: string | null) {
  const end = time ? Date.parse(time) : 0;
  keep(end >= FOR_EVER ? Number.POSITIVE_INFINITY : end);
}

function keep(end: number) {
  stored.set(KEY, end ? String(end) : null);
  take(end);
}

/** Not a number, or over already: no quiet. */
function take(end: number) {
  clearTimeout(timer);
  until.value = end > Date.now() ? end : 0;
  if (!until.value || end === Number.POSITIVE_INFINITY) return;
  timer = setTimeout(take, Math.min(end - Date.now(), LONGEST_TIMER), end);
}

take(Number(stored.get(KEY)));
// Another tab of this browser.
window.addEventListener('storage', ({ key, newValue }) => key === KEY && take(Number(newValue)));
// A timer sleeps with the machine.
document.addEventListener('visibilitychange', () => take(until.value));

/** Quiet until a time, on every device of the person: nothing is shown outside the page. */
export function useHush() {
  return { hushed, label, hush, told, end: () => hush(0) };
}
