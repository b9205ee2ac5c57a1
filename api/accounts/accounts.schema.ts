import { proofDescription } from '../auth/confirmations.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { deleteAccount } from './deletion.ts';

const DeleteAccountPayload = builder.objectRef<{ erasedMessages: number }>('DeleteAccountPayload').implement({
  description: 'An account is gone.',
  fields: (t) => ({
    erasedMessages: t.exposeInt('erasedMessages', { description: 'How many messages were deleted with it.' }),
  }),
});

builder.mutationField('deleteAccount', (t) =>
  t.field({
    type: DeleteAccountPayload,
    extensions: { unhurried: true },
    description:
      'Deletes the viewer’s account for good: sessions end, rooms are left (a room whose last owner goes gets another, ' +
      'an empty private room is deleted), and the name is free again. INVALID_INPUT for a wrong password, FORBIDDEN ' +
      'for the only administrator.',
    args: {
      password: t.arg.string({ description: proofDescription }),
      eraseMessages: t.arg.boolean({
        required: true,
        description: 'True: their messages are deleted everywhere. False: they stay, without an author.',
      }),
    },
    resolve: async (_, { password, eraseMessages }, context) => {
      const erasedMessages = await deleteAccount(context.core, signedIn(context), password, eraseMessages);
      context.cookies?.clear();
      return { erasedMessages };
    },
  }),
);
