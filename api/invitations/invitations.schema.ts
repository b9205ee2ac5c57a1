import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { Invitation } from '../db/model.ts';
import { createInvitation, listInvitations, revokeInvitation } from './invitations.ts';

const InvitationType = builder.prismaObject('Invitation', {
  description: 'A link that lets people register where registration is by invitation. The link itself is not stored.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the invitation; not the token of its link.' }),
    createdBy: t.relation('createdBy', { description: 'The administrator who made it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it is useless.' }),
    maxUses: t.exposeInt('maxUses', { description: 'How many people it is for.' }),
    uses: t.exposeInt('uses', { description: 'How many have used it.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was withdrawn; null when it was not.',
    }),
  }),
});

const CreateInvitationPayload = builder
  .objectRef<{ invitation: Invitation; token: string }>('CreateInvitationPayload')
  .implement({
    description: 'A new invitation and the token of its link.',
    fields: (t) => ({
      invitation: t.expose('invitation', { type: InvitationType, description: 'What was made.' }),
      token: t.exposeString('token', { description: 'Shown this once. The link is /invite#token.' }),
    }),
  });

const CreateInvitationInput = builder.inputType('CreateInvitationInput', {
  description: 'The terms of an invitation.',
  fields: (t) => ({
    maxUses: t.int({ required: true, defaultValue: 1, description: 'How many people it is for, 1 to 1,000.' }),
    expiresInHours: t.int({ required: true, defaultValue: 168, description: 'How long it lasts, an hour to a year.' }),
  }),
});

builder.queryField('invitations', (t) =>
  t.field({
    type: [InvitationType],
    description: 'Every invitation that can still be used, newest first. Administrators only.',
    args: {
      all: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Also those that are used up, withdrawn or expired, for a month.',
      }),
    },
    resolve: (_, { all }, context) => listInvitations(context.core, signedIn(context), all),
  }),
);

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: CreateInvitationPayload,
    description: 'Makes an invitation to register. Administrators only.',
    args: { input: t.arg({ type: CreateInvitationInput, required: true, description: 'Its terms.' }) },
    resolve: (_, { input }, context) => createInvitation(context.core, signedIn(context), input),
  }),
  revokeInvitation: t.boolean({
    description: 'Makes an invitation useless. Administrators only; NOT_FOUND for one that is.',
    args: { id: t.arg.id({ required: true, description: 'Of the invitation.' }) },
    resolve: async (_, { id }, context) => {
      await revokeInvitation(context.core, signedIn(context), id);
      return true;
    },
  }),
}));
