import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { getUser } from '../users/users.ts';
import { proofDescription } from './confirmations.schema.ts';
import { beginCodeApp, type CodeAppSetUp, confirmCodeApp, hasCodeApp, setSecondFactor } from './secondFactor.ts';
import { ViewerType } from './viewer.schema.ts';

const CodeAppSetUpType = builder.objectRef<CodeAppSetUp>('CodeAppSetUp').implement({
  description: 'What an app needs to show codes (TOTP, RFC 6238): given this once.',
  fields: (t) => ({
    secret: t.exposeString('secret', { description: 'To be typed: base 32.' }),
    uri: t.exposeString('uri', { description: 'The same as otpauth://…, for a QR code.' }),
  }),
});

builder.objectFields(ViewerType, (t) => ({
  asksSecondFactor: t.boolean({
    description: 'Whether the password alone does not sign the viewer in: a code, or a passkey, is asked for.',
    resolve: async (viewer, _, { core }) => (await getUser(core, viewer, viewer.id)).asksSecondFactor,
  }),
  hasCodeApp: t.boolean({
    description: 'Whether an app of the viewer shows codes that count.',
    resolve: (viewer, _, { core }) => hasCodeApp(core, viewer),
  }),
}));

builder.mutationFields((t) => ({
  beginCodeApp: t.field({
    type: CodeAppSetUpType,
    description: 'A new secret for an app that shows codes. CONFLICT for who has one.',
    args: { password: t.arg.string({ description: proofDescription }) },
    resolve: (_, { password }, context) => beginCodeApp(context.core, signedIn(context), password),
  }),
  confirmCodeApp: t.boolean({
    description:
      'With a code of the app the second factor is on. INVALID_INPUT for a wrong one; RATE_LIMITED after five.',
    args: { code: t.arg.string({ required: true, description: 'Six digits.' }) },
    resolve: async (_, { code }, context) => {
      await confirmCodeApp(context.core, signedIn(context), code);
      return true;
    },
  }),
  setSecondFactor: t.boolean({
    description:
      'Whether the password alone lets the viewer in. On: CONFLICT without a passkey or an app. Off: the app is forgotten too.',
    args: {
      on: t.arg.boolean({ required: true, description: 'True: it does not.' }),
      password: t.arg.string({ description: proofDescription }),
    },
    resolve: async (_, { on, password }, context) => {
      await setSecondFactor(context.core, signedIn(context), on, password);
      return true;
    },
  }),
}));
