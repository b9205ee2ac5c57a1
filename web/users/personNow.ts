import type { PeopleChangedSubscription } from '../gql/graphql';

/** Who somebody is from now on; without a user, the account is gone. */
export type PersonNews = PeopleChangedSubscription['peopleChanged'];

/** Who stands there, as they are now. */
export function personNow<Person extends { id: string }>(
  person: Person | null | undefined,
  { userId, user }: PersonNews,
): Person | null {
  if (person?.id === userId) return user && { ...person, ...user };
  return person ?? null;
}
