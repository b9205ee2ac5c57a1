import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { MessageType, SealedType } from '../messages/message.schema.ts';
import type { LogEntry, SealedState } from '../realtime/entry.ts';
import type { ResetNotice, RoomNews } from '../realtime/roomReader.ts';
import { UserType } from '../users/users.schema.ts';
import { MemberRoleType, RoomType } from './room.schema.ts';
import { logOf, noticesOf } from './roomNotices.ts';
import { subscribeToRoom } from './roomSubscription.ts';
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
  MESSAGES_EXPIRED: 'MessagesExpired',
  EVENT: 'SealedEventSent',
  COMMIT: 'GroupCommitted',
  GROUP_OPENED: 'GroupOpened',
  ROOM_ENCRYPTED: 'RoomEncrypted',
  DEVICE_REVOKED: 'DeviceRevoked',
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
const RoomChanged = entryType(
  'RoomChanged',
  'The room got another name, topic, or limit to how long messages are kept.',
);
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

const MessagesExpired = entryType(
  'MessagesExpired',
  'Messages were removed because they were older than the room keeps them (Room.retentionDays): all up to upTo. Drop ' +
    'what you hold of them, quotes in later messages included; until then their own entries tell of tombstones.',
);

const RoomEncrypted = entryType('RoomEncrypted', 'From here on the room is end-to-end encrypted, for good.');
const GroupOpened = entryType(
  'GroupOpened',
  'A device opened a group for the room, with itself alone in it: the first, or one in place of the one before.',
);
const GroupCommitted = entryType('GroupCommitted', 'A device ended an epoch of the group.');
const SealedEventSent = entryType(
  'SealedEventSent',
  'A device said something to the others that is no message: an edit, an answer, a pin, what the room is called …',
);
const DeviceRevoked = entryType(
  'DeviceRevoked',
  'A person took a device out of use that is in the group: it must be removed by a commit before anything else is taken.',
);

const ON_SOMEBODY = [MemberRemoved, MemberBanned, MemberUnbanned, RoleChanged, OwnershipTransferred];
const BY_SOMEBODY = [RoomCreated, RoomChanged, RoomDeleted, MemberJoined, RoomEncrypted];
const BY_DEVICE = [GroupOpened, GroupCommitted, SealedEventSent];
const OF_MESSAGES = [MessagePinned, MessageUnpinned, ReactionsChanged];
for (const type of [...BY_SOMEBODY, ...ON_SOMEBODY, ...BY_DEVICE, DeviceRevoked, ...OF_MESSAGES]) {
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
  retentionDays: t.int({
    nullable: true,
    description: 'For how many days messages are kept from here on; null: for good.',
    resolve: (entry) => entry.detail?.retentionDays ?? null,
  }),
  retentionChanged: t.boolean({
    description: 'Whether that is what changed; name and topic otherwise.',
    resolve: (entry) => entry.detail?.retentionChanged ?? false,
  }),
}));

builder.objectField(MessagesExpired, 'upTo', (t) =>
  t.int({
    description: 'The position up to which every message of the room is gone.',
    resolve: (entry) => entry.detail?.upTo ?? 0,
  }),
);

for (const type of [GroupOpened, GroupCommitted]) {
  builder.objectFields(type, (t) => ({
    deviceId: t.id({
      nullable: true,
      description: 'Which device did it; null once it is gone.',
      resolve: (entry) => sealedOf(entry).deviceId,
    }),
    generation: t.int({ description: 'Of the group.', resolve: (entry) => sealedOf(entry).generation }),
  }));
}

builder.objectFields(GroupCommitted, (t) => ({
  epoch: t.int({
    description: 'The one that it ends; the next is one more.',
    resolve: (entry) => sealedOf(entry).epoch,
  }),
  commit: t.field({
    type: 'Bytes',
    description: 'The MLS message (RFC 9420 §6) with the commit.',
    resolve: (entry) => sealedOf(entry).mls,
  }),
  external: t.boolean({
    description: 'Whether the device let itself in by it.',
    resolve: (entry) => entry.detail?.external ?? false,
  }),
  adds: t.idList({
    description: 'The devices that it brings in, as it was told to the server.',
    resolve: (entry) => entry.detail?.adds ?? [],
  }),
  removes: t.idList({
    description: 'The devices that it takes out, as it was told to the server.',
    resolve: (entry) => entry.detail?.removes ?? [],
  }),
}));

builder.objectFields(SealedEventSent, (t) => ({
  id: t.exposeID('id', { description: 'Chosen by the device.' }),
  targetId: t.id({
    nullable: true,
    description: 'The message with which its content goes; null when it is about none.',
    resolve: (entry) => entry.targetId ?? null,
  }),
  sealed: t.field({ type: SealedType, description: 'What was said.', resolve: (entry) => sealedOf(entry) }),
}));

builder.objectField(DeviceRevoked, 'deviceId', (t) =>
  t.id({
    nullable: true,
    description: 'Which; never null.',
    resolve: (entry) => entry.detail?.deviceId ?? null,
  }),
);

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
    complexity: { field: 1, multiplier: 40 },
    resolve: (room, { after, before }, { core }) => noticesOf(core, room, after, before),
  }),
);

builder.objectField(RoomType, 'log', (t) =>
  t.field({
    type: [RoomEvent],
    description:
      'The log after a position, in order: what roomLog tells, for who has missed some of it. Fewer than asked for when they ' +
      'are large; none at the end.',
    args: {
      after: t.arg.int({ required: true, description: 'The position before the first; 0 for the beginning.' }),
      first: t.arg.int({ required: true, defaultValue: 100, description: 'How many; at most 200.' }),
    },
    complexity: ({ first }) => ({ field: 1, multiplier: Math.ceil(Math.min(first ?? 100, 200) / 4) }),
    resolve: (room, { after, first }, { core }) => logOf(core, room, after, first),
  }),
);

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
}));

function sealedOf({ id, sealed }: LogEntry): SealedState {
  if (!sealed) throw new Error(`entry ${id} has nothing sealed`);
  return sealed;
}
