import { z } from 'zod';
import type { Core } from '../core.ts';
import type { User } from '../db/model.ts';
import { notFound } from '../errors.ts';
import { line, parse } from '../input.ts';
import { tellPerson } from '../realtime/people.ts';
import type { Person } from '../realtime/person.ts';
import type { Viewer } from './users.ts';

const Profile = z.object({
  displayName: line(60).nullish(),
  colour: z
    .int('A colour is a number from 0 to 11.')
    .min(0, 'A colour is a number from 0 to 11.')
    .max(11, 'A colour is a number from 0 to 11.')
    .nullish(),
});

/** Changes what the viewer is called, or their colour; what is left out stays. Everyone who listens is told. */
export async function updateProfile(core: Core, viewer: Viewer, input: z.input<typeof Profile>): Promise<User> {
  const { displayName, colour } = parse(Profile, input);
  await core.limits.take('profileChangesPerHour', viewer.id, viewer);
  const data = { displayName: displayName ?? undefined, colour };
  const [user] = await core.db.user.updateManyAndReturn({ where: { id: viewer.id }, data });
  if (!user) throw notFound('Person');
  tellPerson(core.bus, { id: user.id, person: personOf(user) });
  return user;
}

/** A person as entries carry them. */
export function personOf({ id, username, displayName, colour, createdAt }: User): Person {
  return { id, username, displayName, colour, createdAt: createdAt.toISOString() };
}
