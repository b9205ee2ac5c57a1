import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { markRead, markUnread, setNotify } from './readMarks.ts';
import { NotifyLevelType, RoomType } from './room.schema.ts';

builder.mutationFields((t) => ({
  markRead: t.field({
    type: RoomType,
    description:
      'Moves the viewer’s read position on to a place in the log: never back, never beyond its end. The viewer’s other ' +
      'devices are told. RATE_LIMITED when too often.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      seq: t.arg.int({ required: true, description: 'The last position that was seen.' }),
    },
    resolve: (_, { roomId, seq }, context) => markRead(context.core, signedIn(context), roomId, seq),
  }),
  markUnread: t.field({
    type: RoomType,
    description:
      'Moves the viewer’s read position back, so that what stands at that place is the first that is unread. Never ' +
      'moves it on. The viewer’s other devices are told.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      seq: t.arg.int({ required: true, description: 'The position of the first that is to be unread.' }),
    },
    resolve: (_, { roomId, seq }, context) => markUnread(context.core, signedIn(context), roomId, seq),
  }),
  setNotify: t.field({
    type: RoomType,
    description: 'Says what the viewer wants to be told of a room. The viewer’s other devices are told.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      level: t.arg({ type: NotifyLevelType, required: true, description: 'What to be told from now on.' }),
    },
    resolve: (_, { roomId, level }, context) => setNotify(context.core, signedIn(context), roomId, level),
  }),
}));
