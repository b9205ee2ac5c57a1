import { builder } from '../builder.ts';
import type { MessageState } from '../realtime/entry.ts';
import { UserType } from '../users/users.schema.ts';

export const MessageType = builder.objectRef<MessageState>('Message').implement({
  description: 'A message, in its newest state.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Chosen by its author’s client.' }),
    roomId: t.exposeID('roomId', { description: 'Of the room it was sent to.' }),
    seq: t.exposeInt('seq', { description: 'Its position in the log of the room.' }),
    author: t.field({
      type: UserType,
      nullable: true,
      description: 'Who wrote it; null when the account was deleted.',
      resolve: (message) => message.author as never,
    }),
    body: t.exposeString('body', { nullable: true, description: 'The text; null once it was deleted.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was stored.' }),
    editedAt: t.expose('editedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its text was last changed.',
    }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', nullable: true, description: 'When it was deleted.' }),
  }),
});
