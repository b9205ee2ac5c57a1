import { shallowRef } from 'vue';
import type { UserPartsFragment } from '../gql/graphql';

const person = shallowRef<UserPartsFragment>();
const banFrom = shallowRef<string>();

/** The one person whose card is open, wherever it was opened from; with a room, it offers to ban them from there. */
export function usePersonCard() {
  const show = (whom: UserPartsFragment | null | undefined, room?: string) => {
    person.value = whom ?? undefined;
    banFrom.value = room;
  };
  return { person, banFrom, show, close: () => show(undefined) };
}
