import { AuthPayload, cookiesDescription, signIn } from '../auth/auth.schema.ts';
import { proofDescription } from '../auth/confirmations.schema.ts';
import { ViewerType } from '../auth/viewer.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { dayOf } from '../days.ts';
import {
  addPasskey,
  beginPasskey,
  beginPasskeySignIn,
  listPasskeys,
  type PasskeyRequest,
  removePasskey,
  renamePasskey,
  signInWithPasskey,
} from './passkeys.ts';

const PasskeyType = builder.prismaObject('Passkey', {
  description: 'With what the viewer signs in without a password (WebAuthn). The server has its public half.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the passkey.' }),
    name: t.exposeString('name', { description: 'What its owner calls it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    lastUsedOn: t.string({
      nullable: true,
      description: 'The day on which it was last used, in UTC: 2026-01-31. Null before the first use.',
      resolve: ({ lastUsedOn }) => lastUsedOn && dayOf(lastUsedOn),
    }),
  }),
});

export const PasskeyRequestType = builder.objectRef<PasskeyRequest>('PasskeyRequest').implement({
  description: 'What a browser is asked to do with a passkey. Good for one answer within five minutes, on any node.',
  fields: (t) => ({
    ticket: t.exposeString('ticket', { description: 'Send it with the answer, and to nobody else.' }),
    options: t.exposeString('options', {
      description:
        'JSON for PublicKeyCredential.parseCreationOptionsFromJSON, or parseRequestOptionsFromJSON to sign in and to confirm.',
    }),
  }),
});

const AddPasskeyInput = builder.inputType('AddPasskeyInput', {
  description: 'The passkey that the browser made.',
  fields: (t) => ({
    ticket: t.string({ required: true, description: 'Of beginPasskey.' }),
    response: t.string({ required: true, description: 'JSON of the credential: JSON.stringify(credential).' }),
    name: t.string({ required: true, description: 'What to call it; at most 60 characters.' }),
  }),
});

const SignInWithPasskeyInput = builder.inputType('SignInWithPasskeyInput', {
  description: 'What the passkey signed.',
  fields: (t) => ({
    ticket: t.string({ required: true, description: 'Of beginPasskeySignIn.' }),
    response: t.string({ required: true, description: 'JSON of the credential: JSON.stringify(credential).' }),
    cookies: t.boolean({ required: true, defaultValue: true, description: cookiesDescription }),
  }),
});

builder.objectField(ViewerType, 'passkeys', (t) =>
  t.field({
    type: [PasskeyType],
    description: 'The viewer’s passkeys, oldest first.',
    resolve: (viewer, _, { core }) => listPasskeys(core, viewer),
  }),
);

builder.mutationFields((t) => ({
  beginPasskey: t.field({
    type: PasskeyRequestType,
    description: 'Asks the viewer’s browser for a new passkey. CONFLICT for who has 20.',
    args: { password: t.arg.string({ description: proofDescription }) },
    resolve: (_, { password }, { core, caller }) => beginPasskey(core, signedIn({ caller }), caller.origin, password),
  }),
  addPasskey: t.field({
    type: PasskeyType,
    description:
      'Adds the passkey that was asked for. FORBIDDEN for one that was made elsewhere, too late or without its owner; ' +
      'CONFLICT for one that is here already.',
    args: { input: t.arg({ type: AddPasskeyInput, required: true, description: 'The passkey.' }) },
    resolve: (_, { input }, { core, caller }) => addPasskey(core, signedIn({ caller }), caller.origin, input),
  }),
  renamePasskey: t.field({
    type: PasskeyType,
    description: 'Calls a passkey of the viewer something else.',
    args: {
      id: t.arg.id({ required: true, description: 'Of the passkey.' }),
      name: t.arg.string({ required: true, description: 'What to call it; at most 60 characters.' }),
    },
    resolve: (_, { id, name }, context) => renamePasskey(context.core, signedIn(context), id, name),
  }),
  removePasskey: t.boolean({
    description: 'Takes a passkey of the viewer out of use. The sessions that it started go on until they are ended.',
    args: { id: t.arg.id({ required: true, description: 'Of the passkey.' }) },
    resolve: async (_, { id }, context) => {
      await removePasskey(context.core, signedIn(context), id);
      return true;
    },
  }),
  beginPasskeySignIn: t.field({
    type: PasskeyRequestType,
    description: 'Asks a browser for any passkey of this site: no name is given.',
    resolve: (_, _args, { core, caller }) => beginPasskeySignIn(core, caller.origin),
  }),
  signInWithPasskey: t.field({
    type: AuthPayload,
    description:
      'Starts a session with a passkey. UNAUTHENTICATED says the same for one that is unknown, removed, of another site, ' +
      'or an answer to something else.',
    args: { input: t.arg({ type: SignInWithPasskeyInput, required: true, description: 'The answer.' }) },
    resolve: (_, { input }, context) =>
      signIn(context, input.cookies, () => signInWithPasskey(context.core, context.caller.origin, input)),
  }),
}));
