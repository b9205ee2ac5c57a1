import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { perPage, toConnection } from '../paging.ts';
import { RoomKindType } from '../rooms/room.schema.ts';
import { pageAllRooms, publicName, type RoomSize, removeRoom } from './rooms.ts';

export const RoomSizeType = builder.objectRef<RoomSize>('RoomSize').implement({
  description: 'A room as administrators know it: how large it is, and nothing of what is in it.',
  fields: (t) => ({
    roomId: t.id({ description: 'Of the room.', resolve: ({ room }) => room.id }),
    kind: t.field({
      type: RoomKindType,
      description: 'Who can find and enter it.',
      resolve: ({ room }) => room.kind,
    }),
    name: t.string({
      nullable: true,
      description: 'Of a public room; null for every other: their names are their members’ business.',
      resolve: ({ room }) => publicName(room),
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was made.', resolve: ({ room }) => room.createdAt }),
    memberCount: t.exposeInt('memberCount', { description: 'How many people are in it.' }),
    messageCount: t.int({
      description: 'How many messages were ever sent in it, deleted ones included.',
      resolve: ({ room }) => room.messageCount,
    }),
    retentionDays: t.int({
      nullable: true,
      description: 'For how many days messages are kept in it; null: for good.',
      resolve: ({ room }) => room.retentionDays,
    }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files it has.' }),
    fileBytes: t.exposeFloat('fileBytes', { description: 'How large they are together, in bytes.' }),
  }),
});

builder.queryField('allRooms', (t) =>
  t.connection(
    {
      type: RoomSizeType,
      description: 'Every public and private room of this server, newest first. Administrators only.',
      complexity: perPage,
      args: { search: t.arg.string({ description: 'Part of the name of a public room, or the id of any.' }) },
      resolve: async (_, { search, ...page }, context) =>
        toConnection(await pageAllRooms(context.core, signedIn(context), search, page), ({ room }) => room.id),
    },
    { name: 'RoomSizeConnection', description: 'A page of rooms, as administrators know them.' },
    { name: 'RoomSizeEdge', description: 'A room of a page.' },
  ),
);

builder.mutationField('removeRoom', (t) =>
  t.boolean({
    description:
      'Deletes a public or private room and everything in it, for everyone, for good. Its members are told who did it. ' +
      'Administrators only.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: async (_, { id }, context) => {
      await removeRoom(context.core, signedIn(context), id);
      return true;
    },
  }),
);
