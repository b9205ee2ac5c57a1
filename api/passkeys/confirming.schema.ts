import { ConfirmedActType } from '../auth/confirmations.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { beginConfirmation, confirmWithPasskey } from './confirming.ts';
import { PasskeyRequestType } from './passkeys.schema.ts';

const ConfirmWithPasskeyInput = builder.inputType('ConfirmWithPasskeyInput', {
  description: 'What a passkey signed, and for what.',
  fields: (t) => ({
    act: t.field({ type: ConfirmedActType, required: true, description: 'The same as for beginConfirmation.' }),
    ticket: t.string({ required: true, description: 'Of beginConfirmation.' }),
    response: t.string({ required: true, description: 'JSON of the credential: JSON.stringify(credential).' }),
  }),
});

builder.mutationFields((t) => ({
  beginConfirmation: t.field({
    type: PasskeyRequestType,
    description: 'Asks a browser for a passkey of the viewer in place of the password. CONFLICT for who has none.',
    args: { act: t.arg({ type: ConfirmedActType, required: true, description: 'What they are about to do.' }) },
    resolve: (_, { act }, { core, caller }) => beginConfirmation(core, signedIn({ caller }), caller.origin, act),
  }),
  confirmWithPasskey: t.boolean({
    description:
      'Confirms one act of the viewer: in this session, once, within five minutes, and then it is done without a password. ' +
      'FORBIDDEN for a passkey of somebody else, and for an answer to anything else or of another session; RATE_LIMITED after five.',
    args: { input: t.arg({ type: ConfirmWithPasskeyInput, required: true, description: 'The answer.' }) },
    resolve: async (_, { input }, { core, caller }) => {
      await confirmWithPasskey(core, signedIn({ caller }), caller.origin, input);
      return true;
    },
  }),
}));
