import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { UserType } from '../users/users.schema.ts';
import { setTyping, type TypingNotice, watchTyping } from './typing.ts';

const TypingType = builder.objectRef<TypingNotice>('Typing').implement({
  description: 'That somebody is typing, at this moment.',
  fields: (t) => ({
    roomId: t.exposeID('roomId', { description: 'In which room.' }),
    user: t.field({ type: UserType, description: 'Who.', resolve: (notice) => notice.user as never }),
    at: t.expose('at', {
      type: 'DateTime',
      description: 'When. A message of theirs with a later createdAt has ended it.',
    }),
  }),
});

const roomId = 'Of the room.';

builder.mutationField('setTyping', (t) =>
  t.boolean({
    description:
      'Tells the room that the viewer is typing now. Never stored. Every 2 s is enough; it wears off after 5 s. In an ' +
      'encrypted room CONFLICT with the reason E2EE_REQUIRED: there `sendSignal` tells it, sealed.',
    args: { roomId: t.arg.id({ required: true, description: roomId }) },
    resolve: async (_, args, context) => {
      await setTyping(context.core, signedIn(context), args.roomId);
      return true;
    },
  }),
);

builder.subscriptionField('typing', (t) =>
  t.field({
    type: TypingType,
    extensions: { shared: true },
    description:
      'Who is typing in a room, the viewer included. At most once: a notice can be lost. Ends with the membership. In an ' +
      'encrypted room nobody is: see `signals`.',
    args: { roomId: t.arg.id({ required: true, description: roomId }) },
    subscribe: (_, args, context) => watchTyping(context.core, signedIn(context), args.roomId),
    resolve: (notice) => notice,
  }),
);
