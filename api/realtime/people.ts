import type { Bus } from '../pubsub.ts';
import { Notices } from './notices.ts';
import type { Person } from './person.ts';

/** That somebody is called otherwise from now on; null: the account is gone. */
export interface PersonNotice {
  id: string;
  person: Person | null;
}

export const TOPIC = 'people';

/** Tells every node and everyone who listens, at most once: what was missed, the next reading shows. */
export const tellPerson = (bus: Bus, notice: PersonNotice) => bus.ring(TOPIC, notice);

/** Who is called otherwise, from now on. Of one person only the newest is kept for a reader that does not read. */
export async function watchPeople(bus: Bus): Promise<Notices<PersonNotice>> {
  const notices = new Notices<PersonNotice>(({ id }) => id);
  notices.stopWith(await bus.listen(TOPIC, (notice) => notices.offer(notice as PersonNotice)));
  return notices;
}
