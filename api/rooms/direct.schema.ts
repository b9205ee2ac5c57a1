import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { UserType } from '../users/users.schema.ts';
import { blockUser, listBlocked, unblockUser } from './direct.ts';

const userId = 'Of the person.';

builder.queryField('blocked', (t) =>
  t.field({
    type: [UserType],
    description: 'Whom the viewer blocks, by name. Nobody else can see it.',
    resolve: (_, _args, context) => listBlocked(context.core, signedIn(context)),
  }),
);

builder.mutationFields((t) => ({
  blockUser: t.field({
    type: UserType,
    description:
      'Blocks a person, who is not told: nothing that they write to the viewer directly arrives, and the direct room ' +
      'with them is put away with its history until they are unblocked. In other rooms clients fold what they write, ' +
      'and it is no mention. Blocking twice is the same as once.',
    args: { userId: t.arg.id({ required: true, description: userId }) },
    resolve: (_, args, context) => blockUser(context.core, signedIn(context), args.userId),
  }),
  unblockUser: t.field({
    type: UserType,
    description: 'Takes a block back: the direct room is there again, with what was written meanwhile, as read.',
    args: { userId: t.arg.id({ required: true, description: userId }) },
    resolve: (_, args, context) => unblockUser(context.core, signedIn(context), args.userId),
  }),
}));
