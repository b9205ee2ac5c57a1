import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { UserType } from '../users/users.schema.ts';
import { proofDescription } from './confirmations.schema.ts';
import { changePassword } from './ownPassword.ts';
import { createRecoveryCode, createResetLink } from './recovery.ts';

const CreateResetLinkPayload = builder
  .objectRef<Awaited<ReturnType<typeof createResetLink>>>('CreateResetLinkPayload')
  .implement({
    description: 'A link with which a person chooses another password.',
    fields: (t) => ({
      user: t.expose('user', { type: UserType, description: 'For whom it is.' }),
      token: t.exposeString('token', { description: 'Shown this once. The link is /reset#token.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'From when on it is useless: in a day.' }),
    }),
  });

builder.mutationFields((t) => ({
  changePassword: t.boolean({
    description:
      'Changes the viewer’s password and ends their other sessions. INVALID_INPUT names the field at fault; ' +
      'RATE_LIMITED after five wrong ones.',
    args: {
      current: t.arg.string({ description: `The password until now. ${proofDescription}` }),
      next: t.arg.string({ required: true, description: 'The password from now on; as for register.' }),
    },
    resolve: async (_, { current, next }, context) => {
      await changePassword(context.core, signedIn(context), current, next);
      return true;
    },
  }),
  createRecoveryCode: t.string({
    description:
      'A code that replaces a lost password, shown this once: seven groups of four letters and digits. The one before ' +
      'it is useless from now on.',
    args: { password: t.arg.string({ description: proofDescription }) },
    resolve: (_, { password }, context) => createRecoveryCode(context.core, signedIn(context), password),
  }),
  createResetLink: t.field({
    type: CreateResetLinkPayload,
    description:
      'A link with which a person who lost their password chooses another, once, within a day. They are told of it. ' +
      'Administrators only.',
    args: { userId: t.arg.id({ required: true, description: 'Of the person.' }) },
    resolve: (_, { userId }, context) => createResetLink(context.core, signedIn(context), userId),
  }),
}));
