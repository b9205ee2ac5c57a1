import { shallowRef } from 'vue';
import type { UserPartsFragment } from '../gql/graphql';

const person = shallowRef<UserPartsFragment>();

/** The one person whose card is open, wherever it was opened from. */
export function usePersonCard() {
  const show = (whom: UserPartsFragment | null | undefined) => {
    person.value = whom ?? undefined;
  };
  return { person, show, close: () => show(undefined) };
}
