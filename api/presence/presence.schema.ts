import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { followPresence } from './presence.ts';
import type { News } from './presenceNews.ts';

const PresenceType = builder.objectRef<News>('Presence').implement({
  description: 'Who is here, of the people with whom the viewer shares a room; by the ids of the people.',
  fields: (t) => ({
    isComplete: t.exposeBoolean('isComplete', {
      description: 'Whether `here` is everyone, so that whoever is not in it is gone; or else only who came.',
    }),
    here: t.exposeIDList('here', { description: 'Who is here, or has come.', complexity: 1 }),
    gone: t.exposeIDList('gone', { description: 'Who has gone. Empty when complete.', complexity: 1 }),
  }),
});

builder.subscriptionField('presence', (t) =>
  t.field({
    type: PresenceType,
    description:
      'Who else is here. While this runs, the viewer is here too, for all with whom they share a room and who run it ' +
      'themselves: who is not shown sees nobody. A block hides the two from each other. Complete at first, then changes, at most once a second. Whoever goes ' +
      'is told as gone after 10 s; with their node, after 30 s. At most once, never stored. In rooms where more than ' +
      '500 people are here nobody is told of the others.',
    subscribe: (_, __, context) => followPresence(context.core, signedIn(context)),
    resolve: (news) => news,
  }),
);
