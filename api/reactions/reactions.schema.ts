import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { MessageType } from '../messages/message.schema.ts';
import { setReaction } from './reactions.ts';

builder.mutationFields((t) => ({
  setReaction: t.field({
    type: MessageType,
    description:
      'Answers a message with an emoji, or takes that back; again, it changes nothing. At most 20 different ones for a ' +
      'message: CONFLICT beyond, and for a deleted message. INVALID_INPUT for what is not one emoji.',
    args: {
      messageId: t.arg.id({ required: true, description: 'Of the message.' }),
      emoji: t.arg.string({ required: true, description: 'One emoji.' }),
      on: t.arg.boolean({ required: true, description: 'True to answer, false to take it back.' }),
    },
    resolve: (_, { messageId, emoji, on }, context) =>
      setReaction(context.core, signedIn(context), messageId, emoji, on),
  }),
}));
