import { builder } from '../builder.ts';
import type { Membership, User } from '../db/model.ts';
import { notFound } from '../errors.ts';
import type { Loaders } from '../loaders.ts';
import { EncryptionType, MessageType } from '../messages/message.schema.ts';
import { pageMessagesOf } from '../messages/messagePages.ts';
import { perPage, toConnection } from '../paging.ts';
import { UserType } from '../users/users.schema.ts';
import { memberCursor, pageMembers } from './memberships.ts';

export const RoomKindType = builder.enumType('RoomKind', {
  description: 'Who can find and enter a room.',
  values: {
    PUBLIC: { description: 'Everyone here can find and join it.' },
    PRIVATE: { description: 'People are added to it; nobody else can tell that it exists.' },
    DIRECT: { description: 'Between two people.' },
  },
});

export const MemberRoleType = builder.enumType('MemberRole', {
  description: 'What a member may do in a room.',
  values: {
    OWNER: { description: 'Everything, deleting the room included.' },
    MODERATOR: { description: 'Change name and topic, add people, remove and ban members.' },
    MEMBER: { description: 'Read and write.' },
  },
});

export const NotifyLevelType = builder.enumType('NotifyLevel', {
  description: 'What a member wants to be told of a room.',
  values: {
    ALL: { description: 'Every message.' },
    MENTIONS: { description: 'Only what mentions them.' },
    NOTHING: { description: 'Nothing.' },
  },
});

export const MembershipType = builder.prismaObject('Membership', {
  description: 'That a person is in a room.',
  fields: (t) => ({
    user: t.field({
      type: UserType,
      description: 'Who.',
      resolve: async ({ userId }, _, { loaders }) => (await loaders.user.load(userId)) as User,
    }),
    role: t.expose('role', { type: MemberRoleType, description: 'What they may do.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'When they last joined.' }),
    joinedSeq: t.exposeInt('joinedSeq', { description: 'The position in the log at which they last joined.' }),
  }),
});

export const RoomType = builder.prismaObject('Room', {
  description: 'A room of which the viewer is a member.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Never changes. The link to a room is /r/id.' }),
    kind: t.expose('kind', { type: RoomKindType, description: 'Who can find and enter it.' }),
    name: t.exposeString('name', {
      nullable: true,
      description:
        'Null in a direct room: show the other person; and in an encrypted one: it stands inside the encryption.',
    }),
    topic: t.exposeString('topic', { description: 'What it is about; may be empty.' }),
    encryption: t.expose('encryption', { type: EncryptionType, description: 'How what is said here is kept.' }),
    generation: t.exposeInt('generation', { description: 'Of the MLS group; 0 while there is none.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.field({
      type: UserType,
      nullable: true,
      description: 'Who made it; null when the account was deleted.',
      resolve: (room, _, { loaders }) => (room.createdById ? loaders.user.load(room.createdById) : null),
    }),
    lastSeq: t.exposeInt('lastSeq', {
      description: 'The position of the newest entry of the log: subscribe to roomLog with it as after.',
    }),
    retentionDays: t.exposeInt('retentionDays', {
      nullable: true,
      description: 'For how many days messages are kept; what is older is gone within an hour. Null: for good.',
    }),
    expiredSeq: t.exposeInt('expiredSeq', {
      description: 'The position up to which every message is gone because it was older than that; 0 if none is.',
    }),
    lastMessage: t.field({
      type: MessageType,
      nullable: true,
      description: 'The newest message.',
      resolve: (room, _, { loaders }) => loaders.lastMessage.load(room),
    }),
    directWith: t.field({
      type: UserType,
      nullable: true,
      description: 'The other person of a direct room; null once their account was deleted.',
      resolve: async ({ id }, _, { loaders }) =>
        (await loaders.roomFacts.load({ id, part: 'directWith' })).directWith as never,
    }),
    membership: t.field({
      type: MembershipType,
      description: 'The viewer’s own.',
      resolve: ({ id }, _, { loaders }) => ownMembership(loaders, id),
    }),
    memberCount: t.int({
      description: 'How many people are in it.',
      resolve: async ({ id }, _, { loaders }) =>
        (await loaders.roomFacts.load({ id, part: 'memberCount' })).memberCount,
    }),
    readSeq: t.int({
      description: 'The position up to which the viewer has read.',
      resolve: async ({ id }, _, { loaders }) => (await ownMembership(loaders, id)).readSeq,
    }),
    notify: t.field({
      type: NotifyLevelType,
      description: 'What the viewer wants to be told of it.',
      resolve: async ({ id }, _, { loaders }) => (await ownMembership(loaders, id)).notify,
    }),
    unreadCount: t.int({
      description: 'How many messages of others stand after readSeq: exact.',
      resolve: async ({ id }, _, { loaders }) => (await loaders.roomFacts.load({ id, part: 'counts' })).unreadCount,
    }),
    mentionCount: t.int({
      description:
        'How many of these mention the viewer, by name or with everyone, but for those of people whom they block; in a ' +
        'direct room, all of them.',
      resolve: async ({ id }, _, { loaders }) => (await loaders.roomFacts.load({ id, part: 'counts' })).mentionCount,
    }),
    countedSeq: t.int({
      description:
        'Where the log ended when unreadCount and mentionCount were counted: lastSeq, or a little after it. Entries up to ' +
        'here are in them.',
      resolve: async ({ id }, _, { loaders }) => (await loaders.roomFacts.load({ id, part: 'counts' })).countedSeq,
    }),
    pins: t.field({
      type: [MessageType],
      description: 'The pinned messages, the newest pin first: at most 50.',
      complexity: { field: 1, multiplier: 50 },
      resolve: (room, _, { loaders }) => loaders.pins.load(room),
    }),
    members: t.connection(
      {
        type: MembershipType,
        description: 'Who is in it, longest first.',
        complexity: perPage,
        resolve: async (room, page, { core }) => toConnection(await pageMembers(core, room, page), memberCursor),
      },
      { name: 'MembershipConnection', description: 'A page of members.' },
      { name: 'MembershipEdge', description: 'A member of a page.' },
    ),
    messages: t.connection(
      {
        type: MessageType,
        description:
          'Messages, oldest first on every page: the first after a cursor, or the last (50 if nothing is said) before ' +
          'one. A cursor is the position (seq) of a message as text, so that a page can begin anywhere.',
        complexity: perPage,
        args: {
          around: t.arg.string({
            description:
              'The id of a message (NOT_FOUND if it is not of this room), or a position as text: the page has it in its ' +
              'middle, with as many before it as from it on, first of them in all (50 if nothing is said).',
          }),
        },
        resolve: async (room, page, { core }) =>
          toConnection(await pageMessagesOf(core, room, page), ({ seq }) => String(seq)),
      },
      { name: 'MessageConnection', description: 'A page of messages.' },
      { name: 'MessageEdge', description: 'A message of a page.' },
    ),
  }),
});

export const PublicRoomType = builder.prismaObject('Room', {
  variant: 'PublicRoom',
  description: 'What everyone signed in may know of a public room.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the room.' }),
    name: t.string({ description: 'What it is called.', resolve: (room) => room.name ?? '' }),
    topic: t.exposeString('topic', { description: 'What it is about; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    memberCount: t.int({
      description: 'How many people are in it.',
      resolve: async ({ id }, _, { loaders }) =>
        (await loaders.roomFacts.load({ id, part: 'memberCount' })).memberCount,
    }),
    joined: t.boolean({
      description: 'Whether the viewer is one of them.',
      resolve: async ({ id }, _, { loaders }) =>
        (await loaders.roomFacts.load({ id, part: 'membership' })).membership !== null,
    }),
  }),
});

// A room that is shown is one of the viewer's, unless they have left it since.
async function ownMembership(loaders: Loaders, id: string): Promise<Membership> {
  const { membership } = await loaders.roomFacts.load({ id, part: 'membership' });
  if (!membership) throw notFound('Room');
  return membership;
}
