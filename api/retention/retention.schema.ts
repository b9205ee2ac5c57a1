import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { RoomType } from '../rooms/room.schema.ts';
import { setRetention } from './retention.ts';

builder.mutationField('setRetention', (t) =>
  t.field({
    type: RoomType,
    description:
      'For how long a room keeps messages. What is older is removed for everyone and for good: texts, files, reactions, ' +
      'mentions and pins, within an hour, each time told by MessagesExpired. The members are told of the limit by ' +
      'RoomChanged. Owners; FORBIDDEN in a direct room.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      days: t.arg.int({ description: '1 to 3,650 days; null or left out: for good.' }),
    },
    resolve: (_, { roomId, days }, context) => setRetention(context.core, signedIn(context), roomId, days ?? null),
  }),
);
