import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { MessageType } from '../messages/message.schema.ts';
import { pinMessage, unpinMessage } from './pins.ts';

builder.mutationFields((t) => ({
  pinMessage: t.field({
    type: MessageType,
    description:
      'Pins a message for everyone in the room. Owners and moderators, in a direct room both people. At most 50 in a ' +
      'room: CONFLICT beyond, and for a deleted message.',
    args: { messageId: t.arg.id({ required: true, description: 'Of the message.' }) },
    resolve: (_, { messageId }, context) => pinMessage(context.core, signedIn(context), messageId),
  }),
  unpinMessage: t.field({
    type: MessageType,
    description: 'Takes a pin away. Owners and moderators, in a direct room both people.',
    args: { messageId: t.arg.id({ required: true, description: 'Of the message.' }) },
    resolve: (_, { messageId }, context) => unpinMessage(context.core, signedIn(context), messageId),
  }),
}));
