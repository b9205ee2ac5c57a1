import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { MessageType } from '../messages/message.schema.ts';
import { perPage, toConnection } from '../paging.ts';
import { type Found, foundCursor, searchMessages } from './search.ts';

const ExcerptPartType = builder.objectRef<Found['excerpt'][number]>('ExcerptPart').implement({
  description: 'A piece of the text of a message that was found.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'As it stands in the message.' }),
    isMatch: t.exposeBoolean('isMatch', { description: 'True for what was looked for.' }),
  }),
});

const FoundMessageType = builder.objectRef<Found>('FoundMessage').implement({
  description: 'A message that was found.',
  fields: (t) => ({
    message: t.expose('message', {
      type: MessageType,
      description: 'The message; read Room.messages around it for context.',
    }),
    excerpt: t.expose('excerpt', {
      type: [ExcerptPartType],
      description: 'The part of its text that fits, in pieces.',
    }),
  }),
});

builder.queryField('search', (t) =>
  t.connection(
    {
      type: FoundMessageType,
      description:
        'Messages of the viewer’s rooms, newest first, that have all of: words (found at the beginning of a word), ' +
        '"words in quotes", from:name (or from:me), in:room, has:file, before:2026-01-31, after:2026-01-01. ' +
        'INVALID_INPUT when nothing is looked for, NOT_FOUND for a room that is not the viewer’s.',
      complexity: perPage,
      args: {
        text: t.arg.string({ required: true, description: 'What to look for, at most 200 characters.' }),
        roomId: t.arg.id({ description: 'Only in this room.' }),
      },
      resolve: async (_, { text, roomId, ...page }, context) =>
        toConnection(await searchMessages(context.core, signedIn(context), text, roomId, page), foundCursor),
    },
    { name: 'FoundMessageConnection', description: 'A page of messages that were found.' },
    { name: 'FoundMessageEdge', description: 'A message of a page.' },
  ),
);
