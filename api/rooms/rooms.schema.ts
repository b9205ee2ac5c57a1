import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { perPage, toConnection } from '../paging.ts';
import { openDirectRoom } from './direct.ts';
import { addMember, joinRoom } from './joining.ts';
import { leaveRoom, removeMember } from './leaving.ts';
import { setRole, transferOwnership } from './roles.ts';
import { MemberRoleType, MembershipType, PublicRoomType, RoomKindType, RoomType } from './room.schema.ts';
import {
  createRoom,
  deleteRoom,
  getPublicRoom,
  getRoom,
  pagePublicRooms,
  publicRoomCursor,
  updateRoom,
} from './rooms.ts';

const CreateRoomInput = builder.inputType('CreateRoomInput', {
  description: 'A new room.',
  fields: (t) => ({
    name: t.string({
      description: 'At most 80 characters; unique among public rooms. Needed, unless the room is encrypted.',
    }),
    topic: t.string({ description: 'What it is about, at most 250 characters.' }),
    encrypted: t.boolean({
      description:
        'True for a private room that is end-to-end encrypted from the beginning: without name and topic, which stand ' +
        'inside the encryption.',
    }),
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
    args: {
      userId: t.arg.id({ required: true, description: 'Of the other person.' }),
      encrypted: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Whether a room that is made is end-to-end encrypted. One that is there stays as it is.',
      }),
    },
    resolve: (_, { userId, encrypted }, context) => openDirectRoom(context.core, signedIn(context), userId, encrypted),
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
