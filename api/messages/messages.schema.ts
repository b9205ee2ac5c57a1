import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { MessageType } from './message.schema.ts';
import { deleteMessage, editMessage, getMessage, sendMessage } from './messages.ts';

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'A new message.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'A UUID that the client chooses once (version 7 is best) and keeps for every retry.',
    }),
    roomId: t.id({ required: true, description: 'Of the room.' }),
    body: t.string({
      required: true,
      description: 'The text, 1 to 8,000 characters, kept as it is; may be empty when there are files.',
    }),
    files: t.idList({ description: 'Uploads of the viewer that are ready, for this room; at most 10, in this order.' }),
    replyTo: t.id({ description: 'The message of the same room that it replies to, which must not be deleted.' }),
  }),
});

const EditMessageInput = builder.inputType('EditMessageInput', {
  description: 'Another text for a message.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Of the message.' }),
    body: t.string({ required: true, description: 'The text, 1 to 8,000 characters.' }),
  }),
});

builder.queryFields((t) => ({
  message: t.field({
    type: MessageType,
    description: 'A message of a room of the viewer: where a link leads. NOT_FOUND for everyone who is not a member.',
    args: { id: t.arg.id({ required: true, description: 'Of the message.' }) },
    resolve: (_, { id }, context) => getMessage(context.core, signedIn(context), id),
  }),
}));

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: MessageType,
    description:
      'Sends a message; the answer comes after the commit. The same id from the same author in the same room gives ' +
      'the same message, however often it is sent; any other use of an id is CONFLICT. NOT_FOUND when what it replies to, or a file, is not there, RATE_LIMITED when too ' +
      'fast. One’s own message counts as read, with everything before it.',
    args: { input: t.arg({ type: SendMessageInput, required: true, description: 'The message.' }) },
    resolve: (_, { input: { roomId, ...message } }, context) =>
      sendMessage(context.core, signedIn(context), roomId, message),
  }),
  editMessage: t.field({
    type: MessageType,
    description: 'Changes the text of one’s own message. FORBIDDEN for another’s, CONFLICT for a deleted one.',
    args: { input: t.arg({ type: EditMessageInput, required: true, description: 'Which, and the text.' }) },
    resolve: (_, { input: { id, body } }, context) => editMessage(context.core, signedIn(context), id, body),
  }),
  deleteMessage: t.field({
    type: MessageType,
    description:
      'Deletes one’s own message or, for owners and moderators, one that a webhook posted: the text and the files are gone from the server, a tombstone stays.',
    args: { id: t.arg.id({ required: true, description: 'Of the message.' }) },
    resolve: (_, { id }, context) => deleteMessage(context.core, signedIn(context), id),
  }),
}));
