import { builder } from '../builder.ts';
import { type Context, signedIn } from '../context.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { NotifyLevelType, RoomType } from './room.schema.ts';
import { type RoomChange, watchRoomChanges } from './roomChanges.ts';
import { getRoom } from './rooms.ts';

type Change<Kind extends RoomChange['kind']> = Extract<RoomChange, { kind: Kind }>;
const version = 'Viewer.roomsVersion with this change: what to pass as after next time.';

const RoomJoined = builder.objectRef<Change<'JOINED'>>('RoomJoined').implement({
  description: 'The viewer is in a room that they were not in before.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: version }),
    room: t.field({
      type: RoomType,
      nullable: true,
      description: 'The room; null when the viewer has left it again meanwhile.',
      resolve: ({ roomId }, _, context) => findRoom(context, roomId),
    }),
  }),
});

const RoomLeft = builder.objectRef<Change<'LEFT'>>('RoomLeft').implement({
  description: 'The viewer is no longer in a room: they left or were removed, or it was deleted.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: version }),
    roomId: t.exposeID('roomId', { description: 'Of the room.' }),
  }),
});

const ReadMoved = builder.objectRef<Change<'READ'>>('ReadMoved').implement({
  description:
    'The viewer has marked messages of a room read or unread, on any device. One’s own message moves the position too, ' +
    'to that message: its MessageSent is what tells of it.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: version }),
    roomId: t.id({ description: 'Of the room.', resolve: ({ position }) => position.roomId }),
    readSeq: t.int({
      description: 'The position up to which the viewer has read now.',
      resolve: ({ position }) => position.readSeq,
    }),
    unreadCount: t.int({
      description: 'Room.unreadCount when the log ended at lastSeq.',
      resolve: ({ position }) => position.unreadCount,
    }),
    mentionCount: t.int({
      description: 'Room.mentionCount when the log ended at lastSeq.',
      resolve: ({ position }) => position.mentionCount,
    }),
    lastSeq: t.int({
      description: 'Where the log of the room ended then: the counts know nothing of later entries.',
      resolve: ({ position }) => position.lastSeq,
    }),
  }),
});

const NotifyChanged = builder.objectRef<Change<'NOTIFY'>>('NotifyChanged').implement({
  description: 'The viewer has chosen what to be told of a room, on any device.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: version }),
    roomId: t.exposeID('roomId', { description: 'Of the room.' }),
    notify: t.expose('notify', { type: NotifyLevelType, description: 'What they want to be told from now on.' }),
  }),
});

const HushChanged = builder.objectRef<Change<'HUSH'>>('HushChanged').implement({
  description:
    'The viewer wants quiet until another time, said on any device. When a quiet ends by itself nothing is told.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: version }),
    hushedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Viewer.hushedUntil from now on.',
      resolve: ({ until }) => until,
    }),
  }),
});

const RoomsChanged = builder.objectRef<Change<'MISSED'>>('RoomsChanged').implement({
  description:
    'The set of rooms, what the viewer keeps of one, or their quiet changed while nobody was listening: read Viewer.rooms ' +
    'and Viewer.hushedUntil again.',
  fields: (t) => ({ version: t.exposeInt('version', { description: version }) }),
});

const VIEWER_TYPES = {
  JOINED: RoomJoined,
  LEFT: RoomLeft,
  READ: ReadMoved,
  NOTIFY: NotifyChanged,
  HUSH: HushChanged,
  MISSED: RoomsChanged,
};
const ViewerEvent = builder.unionType('ViewerEvent', {
  description: 'What concerns the viewer alone.',
  types: Object.values(VIEWER_TYPES),
  resolveType: (change) => VIEWER_TYPES[change.kind],
});

builder.subscriptionFields((t) => ({
  viewerEvents: t.field({
    type: ViewerEvent,
    description:
      'Rooms that the viewer joins and leaves, on any device, direct rooms that others open included, how far they ' +
      'read there, and until when they want quiet.',
    args: {
      after: t.arg.int({
        description: 'Viewer.roomsVersion as it was read with the rooms: nothing in between is missed.',
      }),
    },
    subscribe: (_, { after }, context) => watchRoomChanges(context.core, signedIn(context), after),
    resolve: (change) => change,
  }),
}));

async function findRoom(context: Context, id: string): Promise<Room | null> {
  return getRoom(context.core, signedIn(context), id).catch((error) => {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
    throw error;
  });
}
