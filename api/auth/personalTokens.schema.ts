import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { dayOf } from '../days.ts';
import type { PersonalToken } from '../db/model.ts';
import { createPersonalToken, listPersonalTokens, revokePersonalToken } from './personalTokens.ts';

const TokenScopeType = builder.enumType('TokenScope', {
  description: 'What a personal access token is good for.',
  values: {
    READ: { description: 'Queries, subscriptions and downloads. Every mutation is FORBIDDEN.' },
    WRITE: { description: 'Mutations too, but for those about the account itself.' },
  },
});

const PersonalTokenType = builder.prismaObject('PersonalToken', {
  description:
    'A secret with which a program acts for the viewer: send it as "Authorization: Bearer …", over HTTP or in the ' +
    'connection_init of a socket. It can neither touch the account itself nor other tokens.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the token; not the token itself.' }),
    name: t.exposeString('name', { description: 'What its owner calls it.' }),
    scope: t.expose('scope', { type: TokenScopeType, description: 'What it is good for.' }),
    prefix: t.exposeString('prefix', { description: 'Its first ten characters, to be recognised by.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it is useless.' }),
    lastUsedOn: t.string({
      nullable: true,
      description: 'The day on which it was last used, in UTC: 2026-01-31. Null before the first use.',
      resolve: ({ lastUsedOn }) => lastUsedOn && dayOf(lastUsedOn),
    }),
  }),
});

const CreatePersonalTokenPayload = builder
  .objectRef<{ personalToken: PersonalToken; token: string }>('CreatePersonalTokenPayload')
  .implement({
    description: 'A new personal access token.',
    fields: (t) => ({
      personalToken: t.expose('personalToken', { type: PersonalTokenType, description: 'What was made.' }),
      token: t.exposeString('token', { description: 'The token itself, shown this once.' }),
    }),
  });

const CreatePersonalTokenInput = builder.inputType('CreatePersonalTokenInput', {
  description: 'What a token is for, and for how long.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What to call it; at most 60 characters.' }),
    scope: t.field({ type: TokenScopeType, required: true, defaultValue: 'READ', description: 'What it is good for.' }),
    expiresInDays: t.int({ required: true, defaultValue: 90, description: 'How long it lasts, 1 to 366 days.' }),
  }),
});

builder.queryField('personalTokens', (t) =>
  t.field({
    type: [PersonalTokenType],
    description: 'The viewer’s personal access tokens, newest first; for a month also those that have expired.',
    resolve: (_, _args, context) => listPersonalTokens(context.core, signedIn(context)),
  }),
);

builder.mutationFields((t) => ({
  createPersonalToken: t.field({
    type: CreatePersonalTokenPayload,
    description: 'Makes a personal access token. CONFLICT for who has 20.',
    args: { input: t.arg({ type: CreatePersonalTokenInput, required: true, description: 'What for.' }) },
    resolve: (_, { input }, context) => createPersonalToken(context.core, signedIn(context), input),
  }),
  revokePersonalToken: t.boolean({
    description: 'Ends a token at once, and the sockets that it opened.',
    args: { id: t.arg.id({ required: true, description: 'Of the token.' }) },
    resolve: async (_, { id }, context) => {
      await revokePersonalToken(context.core, signedIn(context), id);
      return true;
    },
  }),
}));
