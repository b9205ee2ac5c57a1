import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { perPage, toConnection } from '../paging.ts';
import { getUser, pageUsers, userCursor } from './users.ts';

export const UserType = builder.prismaObject('User', {
  description: 'A person with an account on this server, as everyone here may see them.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Never changes.' }),
    username: t.exposeString('username', { description: 'The name to sign in and to be mentioned with; unique.' }),
    displayName: t.exposeString('displayName', { description: 'What the person is called; not unique.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
  }),
});

builder.queryFields((t) => ({
  user: t.field({
    type: UserType,
    description: 'A person by id. NOT_FOUND when there is none.',
    args: { id: t.arg.id({ required: true, description: 'Of the person.' }) },
    resolve: (_, { id }, context) => getUser(context.core, signedIn(context), id),
  }),
  users: t.connection(
    {
      type: UserType,
      description: 'Everyone on this server, by display name.',
      complexity: perPage,
      args: { search: t.arg.string({ description: 'Part of a name.' }) },
      resolve: async (_, { search, ...page }, context) =>
        toConnection(await pageUsers(context.core, signedIn(context), search, page), userCursor),
    },
    { name: 'UserConnection', description: 'A page of people.' },
    { name: 'UserEdge', description: 'A person of a page.' },
  ),
}));
