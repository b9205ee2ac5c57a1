import { builder } from '../builder.ts';
import { FileType } from '../files/file.schema.ts';
import type { MessageState, Quote, ReactionState, SealedState } from '../realtime/entry.ts';
import { UserType } from '../users/users.schema.ts';

const QuoteType = builder.objectRef<Quote>('Quote').implement({
  description:
    'The message that another one replies to, in short. When it is edited or deleted, its own entry says so.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the message.' }),
    seq: t.exposeInt('seq', { description: 'Its position in the log of the room.' }),
    author: t.field({
      type: UserType,
      nullable: true,
      description: 'Who wrote it; null when the account was deleted, or a webhook posted it.',
      resolve: (quote) => quote.author as never,
    }),
    integration: t.exposeString('integration', {
      nullable: true,
      description: 'What the webhook that posted it was called; null when a person wrote it.',
    }),
    body: t.exposeString('body', {
      nullable: true,
      description: 'The first 280 characters of its text; null once it was deleted.',
    }),
    files: t.expose('files', {
      type: [FileType],
      complexity: { field: 1, multiplier: 1 },
      description: 'The files that it brings; none once it was deleted.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was stored.' }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', nullable: true, description: 'When it was deleted.' }),
  }),
});

const ReactionType = builder.objectRef<ReactionState>('Reaction').implement({
  description: 'Everyone who answered a message with one emoji.',
  fields: (t) => ({
    emoji: t.exposeString('emoji', { description: 'One emoji.' }),
    count: t.exposeInt('count', { description: 'How many people.' }),
    users: t.field({
      type: [UserType],
      description: 'Who: the first 100 of them, in the order in which they did it.',
      complexity: { field: 1, multiplier: 1 },
      resolve: (reaction) => reaction.users as never,
    }),
  }),
});

export const EncryptionType = builder.enumType('Encryption', {
  description: 'How what is said in a room is kept.',
  values: {
    NONE: { description: 'As text, which this server can read.' },
    MLS: { description: 'End-to-end encrypted (RFC 9420). A room never goes back from this.' },
  },
});

export const SealedType = builder.objectRef<SealedState>('Sealed').implement({
  description: 'What a device has said in an encrypted room. The server can open none of it.',
  fields: (t) => ({
    deviceId: t.exposeID('deviceId', { nullable: true, description: 'Which device; null once it is gone.' }),
    generation: t.exposeInt('generation', { description: 'Of the group that it was said in.' }),
    epoch: t.exposeInt('epoch', { description: 'Of the group when it was said.' }),
    mls: t.expose('mls', {
      type: 'Bytes',
      description: 'The MLS message (RFC 9420 §6) with the header, which has the key of the content.',
    }),
    body: t.expose('body', {
      type: 'Bytes',
      nullable: true,
      description: 'The content, sealed with that key; null once it, or the message that it is about, was deleted.',
    }),
  }),
});

export const MessageType = builder.objectRef<MessageState>('Message').implement({
  description: 'A message, in its newest state.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Chosen by its author’s client.' }),
    roomId: t.exposeID('roomId', { description: 'Of the room it was sent to.' }),
    seq: t.exposeInt('seq', { description: 'Its position in the log of the room.' }),
    changedSeq: t.exposeInt('changedSeq', {
      description:
        'The position of the newest entry that changed it, its own at first. Of two states of a message the one with ' +
        'the larger is the newer.',
    }),
    author: t.field({
      type: UserType,
      nullable: true,
      description: 'Who wrote it; null when the account was deleted, or a webhook posted it.',
      resolve: (message) => message.author as never,
    }),
    integration: t.exposeString('integration', {
      nullable: true,
      description: 'What the webhook that posted it was called then; null when a person wrote it.',
    }),
    encoding: t.expose('encoding', { type: EncryptionType, description: 'How it is kept.' }),
    body: t.exposeString('body', {
      nullable: true,
      description: 'The text; null once it was deleted, and of what is encrypted.',
    }),
    sealed: t.field({
      type: SealedType,
      nullable: true,
      description: 'Of what is encrypted: what its author’s device has said; null otherwise.',
      resolve: (message) => message.sealed ?? null,
    }),
    replyTo: t.field({
      type: QuoteType,
      nullable: true,
      description: 'The message that it replies to.',
      resolve: (message) => message.replyTo,
    }),
    files: t.expose('files', {
      type: [FileType],
      complexity: { field: 1, multiplier: 1 },
      description: 'The files that it brings; none once it was deleted.',
    }),
    reactions: t.field({
      type: [ReactionType],
      description: 'What people answered it with, in the order in which each emoji was first used; at most 20.',
      complexity: { field: 1, multiplier: 2 },
      resolve: (message) => message.reactions,
    }),
    mentions: t.field({
      type: [UserType],
      description: 'The members of the room whom its text names with @username, its author excepted.',
      complexity: { field: 1, multiplier: 1 },
      resolve: (message) => message.mentions as never,
    }),
    mentionsRoom: t.exposeBoolean('mentionsRoom', {
      description: 'Whether it mentions everyone: an owner or moderator has written @room.',
    }),
    pinnedAt: t.expose('pinnedAt', { type: 'DateTime', nullable: true, description: 'When it was pinned.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was stored.' }),
    editedAt: t.expose('editedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its text was last changed.',
    }),
    deletedAt: t.expose('deletedAt', { type: 'DateTime', nullable: true, description: 'When it was deleted.' }),
  }),
});
