import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { User } from '../db/model.ts';
import { UserType } from '../users/users.schema.ts';
import { banMember, listBans, unbanMember } from './bans.ts';

const BanType = builder.prismaObject('Ban', {
  description: 'That a person may not be in a room.',
  fields: (t) => ({
    user: t.field({
      type: UserType,
      description: 'Who.',
      resolve: async ({ userId }, _, { loaders }) => (await loaders.user.load(userId)) as User,
    }),
    madeBy: t.field({
      type: UserType,
      nullable: true,
      description: 'Who banned them; null when that account was deleted.',
      resolve: ({ madeById }, _, { loaders }) => (madeById ? loaders.user.load(madeById) : null),
    }),
    reason: t.exposeString('reason', { description: 'Why, for those who manage the room; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when.' }),
  }),
});

builder.queryField('bans', (t) =>
  t.field({
    type: [BanType],
    description: 'Who is banned from a room, newest first, at most 500. Owners and moderators.',
    args: { roomId: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { roomId }, context) => listBans(context.core, signedIn(context), roomId),
  }),
);

builder.mutationFields((t) => ({
  banMember: t.field({
    type: BanType,
    description:
      'Bans a person from a room, member or not: at once nothing that follows reaches them, and joining, links and ' +
      'being added are refused (FORBIDDEN or CONFLICT, with reason BANNED) until the ban is lifted. Owners ban moderators ' +
      'and members, moderators members; FORBIDDEN for others and oneself. Banning twice is the same as once.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the person.' }),
      reason: t.arg.string({ description: 'Why, at most 250 characters: only owners and moderators see it.' }),
    },
    resolve: (_, { roomId, userId, reason }, context) =>
      banMember(context.core, signedIn(context), roomId, userId, { reason }),
  }),
  unbanMember: t.boolean({
    description: 'Lifts a ban: the person may come back as anyone may. Owners and moderators. NOT_FOUND without a ban.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the person.' }),
    },
    resolve: async (_, { roomId, userId }, context) => {
      await unbanMember(context.core, signedIn(context), roomId, userId);
      return true;
    },
  }),
}));
