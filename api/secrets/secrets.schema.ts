import { ViewerType } from '../auth/viewer.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { findSecret, listBackupRooms, listBackupSegments, putBackupSegment, putSecret } from './secrets.ts';

const SecretBlobType = builder.prismaObject('SecretBlob', {
  description: 'Something that the viewer’s devices keep here, sealed with a key that this server never has.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Under which it is kept.' }),
    version: t.exposeInt('version', { description: 'Grows by one with each change.' }),
    blob: t.expose('blob', { type: 'Bytes', description: 'At most 64 kB.' }),
  }),
});

const BackupSegmentType = builder.prismaObject('BackupSegment', {
  description: 'A part of the viewer’s backup of the keys of a room’s messages, sealed likewise.',
  fields: (t) => ({
    roomId: t.exposeID('roomId', { description: 'Of the room.' }),
    n: t.exposeInt('n', { description: 'The number of the part.' }),
    blob: t.expose('blob', { type: 'Bytes', description: 'At most 64 kB.' }),
  }),
});

builder.objectFields(ViewerType, (t) => ({
  secret: t.field({
    type: SecretBlobType,
    nullable: true,
    description: 'What is kept sealed under that name; null for nothing.',
    args: { name: t.arg.string({ required: true, description: 'As putSecret has it.' }) },
    resolve: (viewer, { name }, { core }) => findSecret(core, viewer, name),
  }),
  backupSegments: t.field({
    type: [BackupSegmentType],
    description: 'The parts of the viewer’s backup of a room after that number, in order; at most 50.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room, also one that was left.' }),
      after: t.arg.int({ required: true, description: 'The number before the first; -1 for the beginning.' }),
    },
    complexity: { field: 1, multiplier: 50 },
    resolve: (viewer, { roomId, after }, { core }) => listBackupSegments(core, viewer, roomId, after),
  }),
  backupRooms: t.idList({
    description: 'The rooms of which the viewer has a backup.',
    resolve: (viewer, _, { core }) => listBackupRooms(core, viewer),
  }),
}));

builder.mutationFields((t) => ({
  putSecret: t.field({
    type: SecretBlobType,
    description:
      'Keeps something sealed for the viewer’s devices, under at most 16 names. CONFLICT unless the version is that of what ' +
      'is there plus one (1 for a new name); the same again is the same.',
    args: {
      name: t.arg.string({ required: true, description: 'Small letters, digits and dashes; at most 40.' }),
      version: t.arg.int({ required: true, description: 'The one that this becomes.' }),
      blob: t.arg({ type: 'Bytes', required: true, description: 'At most 64 kB.' }),
    },
    resolve: (_, secret, context) => putSecret(context.core, signedIn(context), secret),
  }),
  putBackupSegment: t.field({
    type: BackupSegmentType,
    description:
      'Keeps a part of the viewer’s backup of a room’s keys, in place of the one with that number. CONFLICT (BACKUP_FULL) ' +
      'when there are 20,000 parts or 64 MB.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of a room of the viewer.' }),
      n: t.arg.int({ required: true, description: 'The number of the part, from 0 on.' }),
      blob: t.arg({ type: 'Bytes', required: true, description: 'At most 64 kB.' }),
    },
    resolve: (_, { roomId, ...segment }, context) => putBackupSegment(context.core, signedIn(context), roomId, segment),
  }),
}));
