import { builder } from '../builder.ts';
import { type Context, signedIn } from '../context.ts';
import type { Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { MessageType } from '../messages/message.schema.ts';
import type { LogEntry } from '../realtime/entry.ts';
import type { ResetNotice, RoomNews } from '../realtime/roomReader.ts';
import { UserType } from '../users/users.schema.ts';
import { type RoomChange, watchRoomChanges } from './roomChanges.ts';
import { noticesOf } from './roomNotices.ts';
import { subscribeToRoom } from './roomSubscription.ts';
import { MemberRoleType, NotifyLevelType, RoomType } from './rooms.schema.ts';
import { getRoom } from './rooms.ts';
import { ViewerRooms } from './viewerRooms.ts';

const TYPES: Partial<Record<RoomNews['kind'], string>> = {
  RESET: 'Reset',
  ROOM_CREATED: 'RoomCreated',
  ROOM_CHANGED: 'RoomChanged',
  ROOM_DELETED: 'RoomDeleted',
  MEMBER_JOINED: 'MemberJoined',
  MEMBER_LEFT: 'MemberLeft',
  MEMBER_REMOVED: 'MemberRemoved',
  MEMBER_BANNED: 'MemberBanned',
  MEMBER_UNBANNED: 'MemberUnbanned',
  ROLE_CHANGED: 'RoleChanged',
  OWNERSHIP_TRANSFERRED: 'OwnershipTransferred',
  MESSAGE: 'MessageSent',
  MESSAGE_EDITED: 'MessageEdited',
  MESSAGE_DELETED: 'MessageDeleted',
  MESSAGE_PINNED: 'MessagePinned',
  MESSAGE_UNPINNED: 'MessageUnpinned',
  REACTION_SET: 'ReactionsChanged',
  REACTION_REMOVED: 'ReactionsChanged',
};

const RoomEvent = builder.interfaceRef<RoomNews>('RoomEvent').implement({
  description: 'One entry of a room’s log. Apply them in the order of seq and you have the room.',
  resolveType: (news) => TYPES[news.kind],
  fields: (t) => ({
    roomId: t.exposeID('roomId', { description: 'Of the room.' }),
    seq: t.exposeInt('seq', { description: 'The position: 1, 2, 3 … without a hole within a room.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was stored.' }),
  }),
});

const entryType = (name: string, description: string) =>
  builder.objectRef<LogEntry>(name).implement({ interfaces: [RoomEvent], description });

const RoomCreated = entryType('RoomCreated', 'The room was made; the first entry.');
const RoomChanged = entryType('RoomChanged', 'The room got another name or topic.');
const RoomDeleted = entryType(
  'RoomDeleted',
  'The room was deleted with everything in it; the last entry. The subscription ends.',
);
const MemberJoined = entryType('MemberJoined', 'A person joined, or was added by another.');
const MemberLeft = entryType('MemberLeft', 'A person left. For that person the subscription ends.');
const MemberRemoved = entryType('MemberRemoved', 'A person was removed. For that person the subscription ends.');
const MemberBanned = entryType(
  'MemberBanned',
  'A person was banned, and removed if they were a member. For that person the subscription ends.',
);
const MemberUnbanned = entryType('MemberUnbanned', 'A ban was lifted.');
const RoleChanged = entryType('RoleChanged', 'A member got another role.');
const OwnershipTransferred = entryType(
  'OwnershipTransferred',
  'An owner made another member the owner: from here on user is an owner, and by a moderator.',
);
const MessageSent = entryType('MessageSent', 'A message was sent.');
const MessageEdited = entryType('MessageEdited', 'A message got another text.');
const MessageDeleted = entryType('MessageDeleted', 'A message was deleted.');
const MessagePinned = entryType('MessagePinned', 'A message was pinned.');
const MessageUnpinned = entryType('MessageUnpinned', 'A pin was taken away.');
const ReactionsChanged = entryType('ReactionsChanged', 'A person answered a message with an emoji, or took that back.');

const ON_SOMEBODY = [MemberRemoved, MemberBanned, MemberUnbanned, RoleChanged, OwnershipTransferred];
const BY_SOMEBODY = [RoomCreated, RoomChanged, RoomDeleted, MemberJoined];
for (const type of [...BY_SOMEBODY, ...ON_SOMEBODY, MessagePinned, MessageUnpinned, ReactionsChanged]) {
  builder.objectField(type, 'by', (t) =>
    t.field({
      type: UserType,
      nullable: true,
      description: 'Who did it; null when the account was deleted.',
      resolve: (entry) => entry.actor as never,
    }),
  );
}

for (const type of [MemberJoined, MemberLeft, ...ON_SOMEBODY]) {
  builder.objectField(type, 'user', (t) =>
    t.field({
      type: UserType,
      nullable: true,
      description: 'Whom it is about; null when the account was deleted.',
      resolve: (entry) => entry.subject as never,
    }),
  );
}

for (const type of [MemberJoined, RoleChanged]) {
  builder.objectField(type, 'role', (t) =>
    t.field({
      type: MemberRoleType,
      description: 'What they may do from here on.',
      resolve: (entry) => entry.detail?.role ?? 'MEMBER',
    }),
  );
}

const ABOUT_A_MESSAGE = [MessageSent, MessageEdited, MessageDeleted, MessagePinned, MessageUnpinned, ReactionsChanged];
for (const type of ABOUT_A_MESSAGE) {
  builder.objectField(type, 'message', (t) =>
    t.field({
      type: MessageType,
      description: 'The message as it is now, which may be newer than this entry.',
      resolve: (entry) => {
        if (!entry.message) throw new Error(`entry ${entry.id} has no message`);
        return entry.message;
      },
    }),
  );
}

builder.objectField(MemberBanned, 'wasMember', (t) =>
  t.boolean({
    description: 'Whether they were in the room until then.',
    resolve: (entry) => entry.detail?.wasMember ?? false,
  }),
);

builder.objectFields(ReactionsChanged, (t) => ({
  emoji: t.string({
    nullable: true,
    description: 'Which one; null once the message was deleted.',
    resolve: ({ detail, message }) => (message?.deletedAt ? null : (detail?.emoji ?? null)),
  }),
  on: t.boolean({
    description: 'True when they answered with it, false when they took it back.',
    resolve: (entry) => entry.kind === 'REACTION_SET',
  }),
}));

builder.objectFields(RoomChanged, (t) => ({
  name: t.string({ nullable: true, description: 'From here on.', resolve: (entry) => entry.detail?.name ?? null }),
  topic: t.string({ description: 'From here on.', resolve: (entry) => entry.detail?.topic ?? '' }),
}));

builder.objectRef<ResetNotice>('Reset').implement({
  interfaces: [RoomEvent],
  description:
    'The position that was asked for is not of this log (the server was restored, or the cursor is from elsewhere): ' +
    'load the room anew and go on from seq.',
  fields: (t) => ({
    epoch: t.exposeID('epoch', { description: 'Of the log that the position is of now.' }),
  }),
});

builder.objectField(RoomType, 'notices', (t) =>
  t.field({
    type: [RoomEvent],
    description:
      'What happened besides what was said (joins, leaves, new names, roles, pins), between two positions, oldest first: ' +
      'of more than 200 the newest. With a page of messages it makes the past as roomLog told it.',
    args: {
      after: t.arg.int({ required: true, description: 'The position before the first; 0 for the beginning.' }),
      before: t.arg.int({ required: true, description: 'The position behind the last.' }),
    },
    complexity: { field: 1, multiplier: 50 },
    resolve: (room, { after, before }, { core }) => noticesOf(core, room, after, before),
  }),
);

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

const RoomPosition = builder.inputType('RoomPosition', {
  description: 'How far the log of a room was seen.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the room.' }),
    seq: t.int({ required: true, description: 'The last that was seen.' }),
  }),
});

builder.subscriptionFields((t) => ({
  roomLog: t.field({
    type: RoomEvent,
    extensions: { shared: true },
    description:
      'Everything that happens in a room of the viewer, once, in order and without a hole: first what came after the ' +
      'position, then live. Where that cannot be, one Reset. Ends after the entry that ends the viewer’s membership.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      after: t.arg.int({ description: 'The last seq that was seen. Left out: from now on.' }),
      epoch: t.arg.id({ description: 'Server.epoch when that seq was seen.' }),
    },
    subscribe: (_, { roomId, ...cursor }, context) => subscribeToRoom(context.core, signedIn(context), roomId, cursor),
    resolve: (news) => news,
  }),
  viewerLog: t.field({
    type: RoomEvent,
    extensions: { shared: true },
    description:
      'What roomLog tells, for every room of the viewer at once: of each room everything once and in order, rooms that ' +
      'are joined later included, from their MemberJoined on. A room that was left meanwhile is silent: viewerEvents tells.',
    args: {
      after: t.arg({
        type: [RoomPosition],
        description: 'The last seq that was seen of each room. Rooms that are left out: from now on.',
      }),
      epoch: t.arg.id({ description: 'Server.epoch when those were seen.' }),
    },
    subscribe: (_, cursors, context) => new ViewerRooms(context.core, signedIn(context), cursors),
    resolve: (news) => news,
  }),
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
