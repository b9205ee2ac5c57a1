import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { Membership, User } from '../db/model.ts';
import { notFound } from '../errors.ts';
import type { Loaders } from '../loaders.ts';
import { MessageType } from '../messages/message.schema.ts';
import { pageMessagesOf } from '../messages/messagePages.ts';
import { perPage, toConnection } from '../paging.ts';
import { UserType } from '../users/users.schema.ts';
import { openDirectRoom } from './direct.ts';
import { addMember, joinRoom } from './joining.ts';
import { leaveRoom, removeMember } from './leaving.ts';
import { memberCursor, pageMembers } from './memberships.ts';
import { setRole, transferOwnership } from './roles.ts';
import {
  createRoom,
  deleteRoom,
  getPublicRoom,
  getRoom,
  pagePublicRooms,
  publicRoomCursor,
  updateRoom,
} from './rooms.ts';

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

const EncryptionType = builder.enumType('Encryption', {
  description: 'How what is said in a room is kept.',
  values: {
    NONE: { description: 'As text, which this server can read.' },
    MLS: { description: 'End-to-end encrypted (RFC 9420). A room never goes back from this.' },
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
    name: t.exposeString('name', { nullable: true, description: 'Null in a direct room: show the other person.' }),
    topic: t.exposeString('topic', { description: 'What it is about; may be empty.' }),
    encryption: t.expose('encryption', { type: EncryptionType, description: 'How what is said here is kept.' }),
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

const PublicRoomType = builder.prismaObject('Room', {
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

const CreateRoomInput = builder.inputType('CreateRoomInput', {
  description: 'A new room.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'At most 80 characters; unique among public rooms.' }),
    topic: t.string({ description: 'What it is about, at most 250 characters.' }),
    kind: t.field({ type: RoomKindType, required: true, defaultValue: 'PUBLIC', description: 'PUBLIC or PRIVATE.' }),
  }),
});

const UpdateRoomInput = builder.inputType('UpdateRoomInput', {
  description: 'What to change of a room; what is left out stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Of the room.' }),
    name: t.string({ description: 'At most 80 characters; unique among public rooms.' }),
    topic: t.string({ description: 'At most 250 characters; empty for none.' }),
  }),
});

builder.queryFields((t) => ({
  room: t.field({
    type: RoomType,
    description: 'A room of the viewer. NOT_FOUND for everyone who is not a member.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { id }, context) => getRoom(context.core, signedIn(context), id),
  }),
  publicRoom: t.field({
    type: PublicRoomType,
    description: 'A public room that one may join. NOT_FOUND for any other.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { id }, context) => getPublicRoom(context.core, signedIn(context), id),
  }),
  publicRooms: t.connection(
    {
      type: PublicRoomType,
      description: 'The public rooms of this server, by name.',
      complexity: perPage,
      args: { search: t.arg.string({ description: 'Part of a name.' }) },
      resolve: async (_, { search, ...page }, context) =>
        toConnection(await pagePublicRooms(context.core, signedIn(context), search, page), publicRoomCursor),
    },
    { name: 'PublicRoomConnection', description: 'A page of public rooms.' },
    { name: 'PublicRoomEdge', description: 'A public room of a page.' },
  ),
}));

builder.mutationFields((t) => ({
  createRoom: t.field({
    type: RoomType,
    description: 'Makes a room with the viewer as owner. CONFLICT when a public room has that name.',
    args: { input: t.arg({ type: CreateRoomInput, required: true, description: 'The room.' }) },
    resolve: (_, { input }, context) => createRoom(context.core, signedIn(context), input),
  }),
  openDirectRoom: t.field({
    type: RoomType,
    description:
      'The one direct room with that person, made if it is missing. FORBIDDEN while the viewer blocks that person.',
    args: { userId: t.arg.id({ required: true, description: 'Of the other person.' }) },
    resolve: (_, { userId }, context) => openDirectRoom(context.core, signedIn(context), userId),
  }),
  joinRoom: t.field({
    type: RoomType,
    description:
      'Joins a public room; joining twice is the same as once. NOT_FOUND for any other room, FORBIDDEN (with reason ' +
      'BANNED) for who is banned.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: async (_, { id }, context) => (await joinRoom(context.core, signedIn(context), id)).room,
  }),
  leaveRoom: t.boolean({
    description:
      'Leaves a room. If no owner is left, the moderator or member of longest standing becomes one; an empty private ' +
      'room is deleted. FORBIDDEN in a direct room.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: async (_, { id }, context) => {
      await leaveRoom(context.core, signedIn(context), id);
      return true;
    },
  }),
  updateRoom: t.field({
    type: RoomType,
    description: 'Changes name or topic. Owners and moderators.',
    args: { input: t.arg({ type: UpdateRoomInput, required: true, description: 'What to change.' }) },
    resolve: (_, { input: { id, ...changes } }, context) => updateRoom(context.core, signedIn(context), id, changes),
  }),
  deleteRoom: t.boolean({
    description: 'Deletes the room and everything in it, for everyone, for good. Owners.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: async (_, { id }, context) => {
      await deleteRoom(context.core, signedIn(context), id);
      return true;
    },
  }),
  addMember: t.field({
    type: MembershipType,
    description:
      'Adds a person to a room. Owners and moderators. Adding a member changes nothing; CONFLICT (with reason BANNED) ' +
      'for who is banned.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the person.' }),
    },
    resolve: (_, { roomId, userId }, context) => addMember(context.core, signedIn(context), roomId, userId),
  }),
  removeMember: t.boolean({
    description: 'Removes a member, at once: nothing that follows reaches them. Owners anyone, moderators members.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the member.' }),
    },
    resolve: async (_, { roomId, userId }, context) => {
      await removeMember(context.core, signedIn(context), roomId, userId);
      return true;
    },
  }),
  setRole: t.field({
    type: MembershipType,
    description: 'Gives another member a role. Owners.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the member.' }),
      role: t.arg({ type: MemberRoleType, required: true, description: 'What they may do from now on.' }),
    },
    resolve: (_, { roomId, userId, role }, context) => setRole(context.core, signedIn(context), roomId, userId, role),
  }),
  transferOwnership: t.field({
    type: MembershipType,
    description: 'Makes another member the owner in the viewer’s place, who becomes a moderator: one act. Owners.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      userId: t.arg.id({ required: true, description: 'Of the member.' }),
    },
    resolve: (_, { roomId, userId }, context) => transferOwnership(context.core, signedIn(context), roomId, userId),
  }),
}));
