import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { RoomLink } from '../db/model.ts';
import { RoomType } from '../rooms/room.schema.ts';
import { createRoomLink, joinByLink, listRoomLinks, previewRoomLink, revokeRoomLink } from './roomLinks.ts';

const RoomLinkType = builder.prismaObject('RoomLink', {
  description: 'A link that lets its holders into a private room. The link itself is not stored.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the link; not its token.' }),
    createdBy: t.relation('createdBy', {
      description: 'Who made it: it works for as long as they manage the room.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it is useless.' }),
    maxUses: t.exposeInt('maxUses', { description: 'How many people it is for.' }),
    uses: t.exposeInt('uses', { description: 'How many have used it.' }),
  }),
});

const RoomLinkPreviewType = builder.prismaObject('Room', {
  variant: 'RoomLinkPreview',
  description: 'What the holder of a link may know of the room before joining it.',
  fields: (t) => ({
    roomId: t.exposeID('id', { description: 'Of the room.' }),
    name: t.string({
      description: 'What it is called; empty when it is encrypted.',
      resolve: ({ name }) => name ?? '',
    }),
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

const CreateRoomLinkPayload = builder.objectRef<{ link: RoomLink; token: string }>('CreateRoomLinkPayload').implement({
  description: 'A new link into a room, and its token.',
  fields: (t) => ({
    link: t.expose('link', { type: RoomLinkType, description: 'What was made.' }),
    token: t.exposeString('token', { description: 'Shown this once. The link is /join#token.' }),
  }),
});

const CreateRoomLinkInput = builder.inputType('CreateRoomLinkInput', {
  description: 'A room, and the terms of a link into it.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the private room.' }),
    maxUses: t.int({ required: true, defaultValue: 1, description: 'How many people it is for, 1 to 1,000.' }),
    expiresInHours: t.int({ required: true, defaultValue: 168, description: 'How long it lasts, an hour to a year.' }),
  }),
});

builder.queryFields((t) => ({
  roomLinks: t.field({
    type: [RoomLinkType],
    description: 'The links into a room that can still be used, newest first. Owners and moderators.',
    args: { roomId: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { roomId }, context) => listRoomLinks(context.core, signedIn(context), roomId),
  }),
  roomLinkPreview: t.field({
    type: RoomLinkPreviewType,
    description: 'The room that a link leads to, for who holds it. NOT_FOUND when it can no longer be used.',
    args: { token: t.arg.string({ required: true, description: 'What follows # in the link.' }) },
    resolve: (_, { token }, context) => previewRoomLink(context.core, signedIn(context), token),
  }),
}));

builder.mutationFields((t) => ({
  createRoomLink: t.field({
    type: CreateRoomLinkPayload,
    description: 'Makes a link into a private room. Owners and moderators; it works for as long as they are.',
    args: { input: t.arg({ type: CreateRoomLinkInput, required: true, description: 'Which room, and the terms.' }) },
    resolve: (_, { input: { roomId, ...terms } }, context) =>
      createRoomLink(context.core, signedIn(context), roomId, terms),
  }),
  revokeRoomLink: t.boolean({
    description: 'Makes a link useless. Owners and moderators of its room.',
    args: { id: t.arg.id({ required: true, description: 'Of the link.' }) },
    resolve: async (_, { id }, context) => {
      await revokeRoomLink(context.core, signedIn(context), id);
      return true;
    },
  }),
  joinByLink: t.field({
    type: RoomType,
    description:
      'Joins the room that a link leads to; a member uses nothing up. NOT_FOUND when it can no longer be used, ' +
      'FORBIDDEN (with reason BANNED) for who is banned.',
    args: { token: t.arg.string({ required: true, description: 'What follows # in the link.' }) },
    resolve: (_, { token }, context) => joinByLink(context.core, signedIn(context), token),
  }),
}));
