import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { getUser, searchUsers } from './users.ts';

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
  users: t.prismaConnection(
    {
      type: 'User',
      cursor: 'id',
      description: 'Everyone on this server, by display name.',
      args: { search: t.arg.string({ description: 'Part of a name.' }) },
      resolve: (query, _, { search }, context) => {
        signedIn(context);
        const orderBy = [{ displayName: 'asc' as const }, { id: 'asc' as const }];
        return context.core.db.user.findMany({ ...query, where: searchUsers(search), orderBy });
      },
    },
    { name: 'UserConnection', description: 'A page of people.' },
    { name: 'UserEdge', description: 'A person of a page.' },
  ),
}));
