import { builder } from '../builder.ts';
import type { MessageState } from '../realtime/entry.ts';
import { UserType } from '../users/users.schema.ts';
import type { MessagePage } from './messages.ts';

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

/** A page as a Relay connection whose cursors are positions. */
export function toConnection({ messages, hasNextPage, hasPreviousPage }: MessagePage) {
  const edges = messages.map((node) => ({ node, cursor: String(node.seq) }));
  const [startCursor, endCursor] = [edges.at(0)?.cursor ?? null, edges.at(-1)?.cursor ?? null];
  return { edges, pageInfo: { startCursor, endCursor, hasNextPage, hasPreviousPage } };
}
