import { ViewerType } from '../auth/viewer.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { DeviceType } from '../devices/device.schema.ts';
import type { LogEntry } from '../realtime/entry.ts';
import { RoomType } from '../rooms/room.schema.ts';
import { commitGroup } from './commits.ts';
import { encryptRoom } from './encrypting.ts';
import { type Group, groupOf } from './groups.ts';
import { openGroup } from './openings.ts';
import { sendSealed } from './sealed.ts';
import { type Traces, tracesOf } from './traces.ts';
import { listWelcomes, takeWelcomes } from './welcomes.ts';

const GroupType = builder.objectRef<Group>('Group').implement({
  description: 'The MLS group (RFC 9420) of an encrypted room, as its commits have told the server.',
  fields: (t) => ({
    generation: t.int({
      description: 'Grows when another group takes its place.',
      resolve: ({ room }) => room.generation,
    }),
    suite: t.int({ description: 'The cipher suite (RFC 9420 §17.1).', resolve: ({ room }) => room.suite ?? 0 }),
    epoch: t.int({
      description: 'The one in which messages and commits are taken.',
      resolve: ({ room }) => room.groupEpoch,
    }),
    groupInfo: t.expose('groupInfo', {
      type: 'Bytes',
      description: 'The GroupInfo (RFC 9420 §12.4.3) of that epoch, for who lets themselves in.',
    }),
    devices: t.field({
      type: [DeviceType],
      description: 'Those in it, as the server was told: what counts is the tree of the group itself.',
      complexity: { field: 1, multiplier: 50 },
      resolve: ({ devices }) => devices,
    }),
    pendingRemovals: t.field({
      type: [DeviceType],
      description:
        'Those whose person is no member any more, or that were revoked: the next commit must remove them, and until ' +
        'then nothing is taken but external commits. Who was deleted with their account is only in pendingRemovalIds.',
      complexity: { field: 1, multiplier: 5 },
      resolve: ({ pendingRemovals }) => pendingRemovals,
    }),
    pendingRemovalIds: t.exposeIDList('pendingRemovalIds', { description: 'The ids of all that must be removed.' }),
  }),
});

const TracesType = builder.objectRef<Traces>('Traces').implement({
  description: 'What the server has of the viewer in a room, counted in its rows.',
  fields: (t) => ({
    devices: t.exposeStringList('devices', { description: 'What the viewer calls those that are in the group.' }),
    messages: t.exposeInt('messages', { description: 'How many sealed messages: when, from which device, how large.' }),
    plainMessages: t.exposeInt('plainMessages', {
      description: 'How many messages the server can read: those from before the room was encrypted.',
    }),
    events: t.exposeInt('events', {
      description: 'How many sealed events: edits, answers, pins … It cannot tell which of these.',
    }),
    commits: t.exposeInt('commits', { description: 'How many changes to who can read.' }),
    bytes: t.exposeFloat('bytes', { description: 'How large all of it is together, as it is sealed.' }),
    files: t.exposeInt('files', { description: 'How many files.' }),
    fileBytes: t.exposeFloat('fileBytes', { description: 'How large they are together, in bytes.' }),
    firstAt: t.expose('firstAt', { type: 'DateTime', nullable: true, description: 'When the first of it was stored.' }),
    lastAt: t.expose('lastAt', { type: 'DateTime', nullable: true, description: 'When the newest of it was stored.' }),
  }),
});

const WelcomeType = builder.prismaObject('Welcome', {
  description: 'What lets this session’s device into a group that it was added to.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the welcome.' }),
    roomId: t.exposeID('roomId', { description: 'Of the room.' }),
    generation: t.exposeInt('generation', { description: 'Of the group.' }),
    seq: t.exposeInt('seq', {
      description: 'The position of the commit that added the device: read the log after it.',
    }),
    epoch: t.exposeInt('epoch', { description: 'The one that it leads to.' }),
    mls: t.expose('mls', { type: 'Bytes', description: 'The MLS message with the Welcome (RFC 9420 §12.4.3.1).' }),
  }),
});

const SentSealedType = builder.objectRef<LogEntry>('SentSealed').implement({
  description: 'That something sealed stands in the log.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As it was chosen.' }),
    seq: t.exposeInt('seq', { description: 'Its position in the log of the room.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was stored.' }),
  }),
});

const SealedKind = builder.enumType('SealedKind', {
  description: 'Whether something sealed is a message.',
  values: {
    MESSAGE: { description: 'It is, and counts as unread until it was read.' },
    EVENT: { description: 'It is not: an edit, an answer, a pin, what the room is called …' },
  },
});

const id = 'A UUID that the device chooses once (version 7 is best) and keeps for every retry.';
const generation = 'Of the group.';

const OpenGroupInput = builder.inputType('OpenGroupInput', {
  description: 'A group with one device in it, at epoch 0.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the encrypted room.' }),
    generation: t.int({ required: true, description: 'Room.generation plus one.' }),
    id: t.id({ required: true, description: id }),
    suite: t.int({ required: true, description: 'The cipher suite (RFC 9420 §17.1).' }),
    groupInfo: t.field({ type: 'Bytes', required: true, description: 'Of epoch 0; at most 512 kB.' }),
  }),
});

const WelcomeInput = builder.inputType('WelcomeInput', {
  description: 'A welcome, and for whom.',
  fields: (t) => ({
    deviceIds: t.idList({ required: true, description: 'Of devices that the commit adds.' }),
    mls: t.field({ type: 'Bytes', required: true, description: 'The MLS message with it; at most 512 kB.' }),
  }),
});

const CommitGroupInput = builder.inputType('CommitGroupInput', {
  description: 'A commit (RFC 9420 §12.4), and what the server must know of it.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the room.' }),
    generation: t.int({ required: true, description: generation }),
    epoch: t.int({ required: true, description: 'The one that it ends.' }),
    id: t.id({ required: true, description: id }),
    commit: t.field({ type: 'Bytes', required: true, description: 'The MLS message with it; at most 512 kB.' }),
    groupInfo: t.field({ type: 'Bytes', required: true, description: 'Of the epoch that it begins; at most 512 kB.' }),
    external: t.boolean({ description: 'True when the device lets itself in by it.' }),
    adds: t.idList({ description: 'The devices that it brings in.' }),
    removes: t.idList({ description: 'The devices that it takes out; of an external commit only the device itself.' }),
    welcomes: t.field({ type: [WelcomeInput], description: 'For those whom it adds.' }),
  }),
});

const SendSealedInput = builder.inputType('SendSealedInput', {
  description: 'What a device says to the others in the group.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'Of the room.' }),
    generation: t.int({ required: true, description: generation }),
    epoch: t.int({ required: true, description: 'The one that it is sealed for.' }),
    id: t.id({ required: true, description: id }),
    kind: t.field({ type: SealedKind, required: true, description: 'Whether it is a message.' }),
    mls: t.field({ type: 'Bytes', required: true, description: 'The MLS message with the header; at most 64 kB.' }),
    body: t.field({ type: 'Bytes', description: 'The content, sealed with the key in the header; at most 64 kB.' }),
    targetId: t.id({
      description: 'Of an event: the own message that stands, with which its content goes when it is deleted.',
    }),
    files: t.idList({
      description: 'Of a message: uploads of the viewer that are ready, for this room; at most 10.',
    }),
  }),
});

builder.objectField(RoomType, 'group', (t) =>
  t.field({
    type: GroupType,
    nullable: true,
    description: 'Its MLS group; null while there is none.',
    resolve: (room, _, { core }) => (room.generation === 0 ? null : groupOf(core, room)),
  }),
);

builder.objectField(RoomType, 'traces', (t) =>
  t.field({
    type: TracesType,
    description:
      'What the server has of the viewer here: of an encrypted room all that it sees of them but when they read.',
    complexity: 20,
    resolve: ({ id }, _, context) => tracesOf(context.core, signedIn(context), id),
  }),
);

builder.objectField(ViewerType, 'welcomes', (t) =>
  t.field({
    type: [WelcomeType],
    description: 'What waits for this session’s device: into which groups it was added. The oldest 20.',
    complexity: { field: 1, multiplier: 20 },
    resolve: (viewer, _, { core }) => listWelcomes(core, viewer),
  }),
);

builder.mutationFields((t) => ({
  encryptRoom: t.field({
    type: RoomType,
    description:
      'Makes a private room (its owner) or a direct one (either of the two) end-to-end encrypted, for good. What was said ' +
      'stays as it was; name and topic are forgotten here, webhooks are revoked. INVALID_INPUT for a public room.',
    args: { id: t.arg.id({ required: true, description: 'Of the room.' }) },
    resolve: (_, args, context) => encryptRoom(context.core, signedIn(context), args.id),
  }),
  openGroup: t.field({
    type: RoomType,
    description:
      'Opens the next group of an encrypted room, in place of the one that is there: any member the first, then owners and ' +
      'moderators, or either in a direct room. CONFLICT has a reason: GENERATION_CLOSED (with generation, epoch, seq) when ' +
      'somebody was first, NOT_ENCRYPTED. FORBIDDEN: NO_DEVICE, DEVICE_REVOKED.',
    args: { input: t.arg({ type: OpenGroupInput, required: true, description: 'The group.' }) },
    resolve: (_, { input }, context) => openGroup(context.core, signedIn(context), input),
  }),
  commitGroup: t.field({
    type: RoomType,
    description:
      'Ends an epoch of the group of a room: of many commits the first is taken. CONFLICT has a reason: EPOCH_STALE and ' +
      'GENERATION_CLOSED (with generation, epoch, seq), PENDING_REMOVAL (with deviceIds) for a commit that does not remove ' +
      'whom it must, NOT_IN_GROUP, GROUP_FULL (250 devices), NOT_ENCRYPTED. FORBIDDEN: NO_DEVICE, DEVICE_REVOKED, or for ' +
      'removing the device of a member. The same id from the same device changes nothing.',
    args: { input: t.arg({ type: CommitGroupInput, required: true, description: 'The commit.' }) },
    resolve: (_, { input }, context) => commitGroup(context.core, signedIn(context), input),
  }),
  sendSealed: t.field({
    type: SentSealedType,
    description:
      'Puts into the log what this session’s device has sealed; the answer comes after the commit, and the same id from the ' +
      'same device gives the same. CONFLICT has a reason: EPOCH_STALE and GENERATION_CLOSED (with generation, epoch, seq), ' +
      'PENDING_REMOVAL (with deviceIds), NOT_IN_GROUP, NOT_ENCRYPTED; none when the id is something else’s. FORBIDDEN: ' +
      'NO_DEVICE, DEVICE_REVOKED. NOT_FOUND when its target, or a file, is not there.',
    args: { input: t.arg({ type: SendSealedInput, required: true, description: 'What is said.' }) },
    resolve: (_, { input }, context) => sendSealed(context.core, signedIn(context), input),
  }),
  takeWelcomes: t.int({
    description: 'Removes welcomes that this session’s device has taken and stored; gives how many there were.',
    args: { ids: t.arg.idList({ required: true, description: 'Of the welcomes.' }) },
    resolve: (_, { ids }, context) => takeWelcomes(context.core, signedIn(context), ids),
  }),
}));
