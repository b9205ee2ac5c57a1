import { proofDescription } from '../auth/confirmations.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { perPage, toConnection } from '../paging.ts';
import { UserType } from '../users/users.schema.ts';
import { userCursor } from '../users/users.ts';
import { type Account, endSessionsOf, pageAccounts, removePerson, setAdministrator, setDisabled } from './accounts.ts';

const userId = 'Of the person.';

const AccountType = builder.objectRef<Account>('Account').implement({
  description: 'A person as administrators know them: nothing of what they write.',
  fields: (t) => ({
    user: t.field({ type: UserType, description: 'Who.', resolve: ({ user }) => user }),
    isAdmin: t.boolean({ description: 'Whether they run this server.', resolve: ({ user }) => user.isAdmin }),
    disabledAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when they cannot sign in; null while they can.',
      resolve: ({ user }) => user.disabledAt,
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a session of theirs last refreshed its tokens; null when none is kept.',
    }),
  }),
});

const RemovePersonPayload = builder.objectRef<{ erasedMessages: number }>('RemovePersonPayload').implement({
  description: 'Somebody’s account is gone.',
  fields: (t) => ({
    erasedMessages: t.exposeInt('erasedMessages', { description: 'How many messages were deleted with it.' }),
  }),
});

builder.queryField('accounts', (t) =>
  t.connection(
    {
      type: AccountType,
      description: 'Everyone on this server, by display name. Administrators only.',
      complexity: perPage,
      args: { search: t.arg.string({ description: 'Part of a name.' }) },
      resolve: async (_, { search, ...page }, context) =>
        toConnection(await pageAccounts(context.core, signedIn(context), search, page), ({ user }) => userCursor(user)),
    },
    { name: 'AccountConnection', description: 'A page of accounts.' },
    { name: 'AccountEdge', description: 'An account of a page.' },
  ),
);

builder.mutationFields((t) => ({
  setAdministrator: t.field({
    type: AccountType,
    description:
      'Makes a person an administrator, or takes that back. They are told. Administrators only; FORBIDDEN for the only ' +
      'one who can sign in.',
    args: {
      userId: t.arg.id({ required: true, description: userId }),
      on: t.arg.boolean({ required: true, description: 'True: from now on they are one.' }),
    },
    resolve: (_, args, context) => setAdministrator(context.core, signedIn(context), args.userId, args.on),
  }),
  setDisabled: t.field({
    type: AccountType,
    description:
      'Stops a person from signing in and ends every session and socket of theirs at once, or lets them sign in again. ' +
      'Their rooms and messages stay. Administrators only; FORBIDDEN for oneself.',
    args: {
      userId: t.arg.id({ required: true, description: userId }),
      on: t.arg.boolean({ required: true, description: 'True: from now on they cannot sign in.' }),
    },
    resolve: (_, args, context) => setDisabled(context.core, signedIn(context), args.userId, args.on),
  }),
  endSessionsOf: t.int({
    description:
      'Signs a person out everywhere; gives the number of sessions ended. They are told. Administrators only.',
    args: { userId: t.arg.id({ required: true, description: userId }) },
    resolve: (_, args, context) => endSessionsOf(context.core, signedIn(context), args.userId),
  }),
  removePerson: t.field({
    type: RemovePersonPayload,
    extensions: { unhurried: true },
    description:
      'Deletes the account of another person for good, as deleteAccount does. Administrators only; INVALID_INPUT for a ' +
      'wrong password, FORBIDDEN for oneself.',
    args: {
      userId: t.arg.id({ required: true, description: userId }),
      password: t.arg.string({ description: proofDescription }),
      eraseMessages: t.arg.boolean({
        required: true,
        description: 'True: their messages are deleted everywhere. False: they stay, without an author.',
      }),
    },
    resolve: async (_, { userId, password, eraseMessages: erase }, context) => ({
      erasedMessages: await removePerson(context.core, signedIn(context), userId, { proof: password, erase }),
    }),
  }),
}));
