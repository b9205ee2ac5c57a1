import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { dayOf } from '../days.ts';
import type { IncomingWebhook, OutgoingWebhook } from '../db/model.ts';
import { createIncomingWebhook, listIncomingWebhooks, revokeIncomingWebhook } from './incoming.ts';
import {
  createOutgoingWebhook,
  listDeliveries,
  listOutgoingWebhooks,
  resumeOutgoingWebhook,
  revokeOutgoingWebhook,
} from './outgoing.ts';

const WebhookEventType = builder.enumType('WebhookEvent', {
  description: 'What an outgoing webhook can be told of. The type of what is sent is message.sent and so on.',
  values: {
    MESSAGE_SENT: { description: 'A message, of a person or of a webhook.' },
    MESSAGE_EDITED: { description: 'Another text of a message.' },
    MESSAGE_DELETED: { description: 'A message was deleted; its text is gone.' },
    MEMBER_JOINED: { description: 'Somebody came in.' },
    MEMBER_LEFT: { description: 'Somebody left, or was removed.' },
    ROOM_CHANGED: { description: 'Another name or topic.' },
  },
});

const IncomingWebhookType = builder.prismaObject('IncomingWebhook', {
  description: 'An address whose holders post messages into a room, under a name of its own.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the webhook; not the secret in its address.' }),
    name: t.exposeString('name', { description: 'What its messages are shown under.' }),
    createdBy: t.relation('createdBy', { description: 'Who made it: it works for as long as they manage the room.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    lastUsedOn: t.string({
      nullable: true,
      description: 'The day on which it last posted, in UTC: 2026-01-31. Null before the first time.',
      resolve: ({ lastUsedOn }) => lastUsedOn && dayOf(lastUsedOn),
    }),
  }),
});

const WebhookDeliveryType = builder.prismaObject('WebhookDelivery', {
  description: 'One try to tell a webhook of something.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the try.' }),
    seq: t.exposeInt('seq', { description: 'The position of the entry in the log of the room.' }),
    event: t.expose('event', { type: WebhookEventType, description: 'What it tells.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was tried.' }),
    status: t.exposeInt('status', { nullable: true, description: 'The HTTP status of the answer; null without one.' }),
    problem: t.exposeString('problem', { nullable: true, description: 'What went wrong; null when it was taken.' }),
  }),
});

const OutgoingWebhookType = builder.prismaObject('OutgoingWebhook', {
  description:
    'A program elsewhere that is told what happens in a room: POST with JSON, signed as Standard Webhooks says, in the ' +
    'order of the log, and again until it answers with 2xx.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the webhook.' }),
    url: t.exposeString('url', { description: 'Where it is told.' }),
    events: t.expose('events', { type: [WebhookEventType], description: 'What of.' }),
    createdBy: t.relation('createdBy', { description: 'Who made it: it works for as long as they manage the room.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    failures: t.exposeInt('failures', { description: 'How often what is next was tried in vain.' }),
    stoppedAt: t.expose('stoppedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was given up, after a day of tries or an answer of 410; null while it goes on.',
    }),
    deliveries: t.field({
      type: [WebhookDeliveryType],
      description: 'The last 20 tries, newest first.',
      complexity: { field: 1, multiplier: 20 },
      resolve: (webhook, _, { core }) => listDeliveries(core, webhook),
    }),
  }),
});

const CreateIncomingWebhookPayload = builder
  .objectRef<{ webhook: IncomingWebhook; path: string }>('CreateIncomingWebhookPayload')
  .implement({
    description: 'A new incoming webhook.',
    fields: (t) => ({
      webhook: t.expose('webhook', { type: IncomingWebhookType, description: 'What was made.' }),
      path: t.exposeString('path', {
        description:
          'The path of its address on this server, shown this once: POST {"text": "…"} to it, or to /hooks with its last part as ' +
          '"Authorization: Bearer …", so that no log of a proxy has it.',
      }),
    }),
  });

const CreateOutgoingWebhookPayload = builder
  .objectRef<{ webhook: OutgoingWebhook; secret: string }>('CreateOutgoingWebhookPayload')
  .implement({
    description: 'A new outgoing webhook.',
    fields: (t) => ({
      webhook: t.expose('webhook', { type: OutgoingWebhookType, description: 'What was made.' }),
      secret: t.exposeString('secret', { description: 'What signs what is sent (whsec_…), shown this once.' }),
    }),
  });

const CreateIncomingWebhookInput = builder.inputType('CreateIncomingWebhookInput', {
  description: 'A room, and what to call the webhook.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the room.' }),
    name: t.string({ required: true, description: 'What its messages are shown under; at most 40 characters.' }),
  }),
});

const CreateOutgoingWebhookInput = builder.inputType('CreateOutgoingWebhookInput', {
  description: 'A room, who is told, and what of.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the room.' }),
    url: t.string({ required: true, description: 'An https address on the public internet.' }),
    events: t.field({ type: [WebhookEventType], required: true, description: 'What to be told of; at least one.' }),
  }),
});

builder.queryFields((t) => ({
  incomingWebhooks: t.field({
    type: [IncomingWebhookType],
    description: 'The incoming webhooks of a room, newest first. Owners and moderators.',
    args: { roomId: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { roomId }, context) => listIncomingWebhooks(context.core, signedIn(context), roomId),
  }),
  outgoingWebhooks: t.field({
    type: [OutgoingWebhookType],
    description: 'The outgoing webhooks of a room, newest first. Owners and moderators.',
    args: { roomId: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, { roomId }, context) => listOutgoingWebhooks(context.core, signedIn(context), roomId),
  }),
}));

builder.mutationFields((t) => ({
  createIncomingWebhook: t.field({
    type: CreateIncomingWebhookPayload,
    description: 'Makes an address whose holders post into a room. Owners and moderators. CONFLICT beyond 10.',
    args: { input: t.arg({ type: CreateIncomingWebhookInput, required: true, description: 'Where, and its name.' }) },
    resolve: (_, { input: { roomId, ...terms } }, context) =>
      createIncomingWebhook(context.core, signedIn(context), roomId, terms),
  }),
  revokeIncomingWebhook: t.boolean({
    description: 'Makes the address of an incoming webhook useless. Owners and moderators of its room.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: async (_, { id }, context) => {
      await revokeIncomingWebhook(context.core, signedIn(context), id);
      return true;
    },
  }),
  createOutgoingWebhook: t.field({
    type: CreateOutgoingWebhookPayload,
    description:
      'Has a program told what happens in a room from now on. Owners and moderators. INVALID_INPUT for an address that ' +
      'is not on the public internet, CONFLICT beyond 10.',
    args: { input: t.arg({ type: CreateOutgoingWebhookInput, required: true, description: 'Who, and what of.' }) },
    resolve: (_, { input: { roomId, ...terms } }, context) =>
      createOutgoingWebhook(context.core, signedIn(context), roomId, terms),
  }),
  resumeOutgoingWebhook: t.field({
    type: OutgoingWebhookType,
    description: 'Tries again at once, and goes on from where it stopped. Owners and moderators of its room.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: (_, { id }, context) => resumeOutgoingWebhook(context.core, signedIn(context), id),
  }),
  revokeOutgoingWebhook: t.boolean({
    description: 'Ends an outgoing webhook. Owners and moderators of its room.',
    args: { id: t.arg.id({ required: true, description: 'Of the webhook.' }) },
    resolve: async (_, { id }, context) => {
      await revokeOutgoingWebhook(context.core, signedIn(context), id);
      return true;
    },
  }),
}));
