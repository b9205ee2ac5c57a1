import { proofDescription } from '../auth/confirmations.schema.ts';
import { ViewerType } from '../auth/viewer.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { DeviceType } from './device.schema.ts';
import { registerDevice, renameDevice, revokeDevice } from './devices.ts';
import { type Identity, listIdentities } from './identities.ts';
import { type Claimed, claimKeyPackages, countKeyPackages, publishKeyPackages } from './keyPackages.ts';
import { findOwnDevice, listOwnDevices } from './ownDevice.ts';

const IdentityType = builder.objectRef<Identity>('Identity').implement({
  description:
    'What this server says of a person’s keys. Pin the account key, and compare it with what the group says.',
  fields: (t) => ({
    userId: t.exposeID('id', { description: 'Of the person.' }),
    accountKey: t.expose('accountKey', {
      type: 'Bytes',
      nullable: true,
      description: 'Ed25519, 32 bytes: what signs the person’s devices; null until the first one.',
    }),
    accountKeyVersion: t.exposeInt('accountKeyVersion', {
      description: 'Grows when another key takes its place; 0 without one.',
    }),
    devices: t.field({
      type: [DeviceType],
      description: 'Those in use, oldest first; at most 10.',
      complexity: { field: 1, multiplier: 1 },
      resolve: ({ devices }) => devices,
    }),
  }),
});

const ClaimedKeyPackageType = builder.objectRef<Claimed>('ClaimedKeyPackage').implement({
  description: 'A key package (RFC 9420 §10), and of which device.',
  fields: (t) => ({
    device: t.expose('device', { type: DeviceType, description: 'Whose it is.' }),
    keyPackage: t.expose('keyPackage', {
      type: 'Bytes',
      description: 'Given out once, unless it is the last resort. Verify that it has the device’s credential.',
    }),
  }),
});

const RegisterDeviceInput = builder.inputType('RegisterDeviceInput', {
  description: 'A device with its public keys.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'A UUID that the device chooses once.' }),
    name: t.string({ required: true, description: 'What to call it, at most 60 characters; only its owner sees it.' }),
    accountKey: t.field({ type: 'Bytes', required: true, description: 'Of the account: Ed25519, 32 bytes.' }),
    signatureKey: t.field({ type: 'Bytes', required: true, description: 'Of the device: Ed25519, 32 bytes.' }),
    credential: t.field({ type: 'Bytes', required: true, description: 'As Device.credential has it.' }),
    suites: t.intList({ required: true, description: 'The MLS cipher suites that it can speak.' }),
    engineVersion: t.int({ required: true, description: 'Of what speaks MLS there.' }),
    keyPackages: t.field({
      type: ['Bytes'],
      required: true,
      description: 'At most 100, each at most 4,096 bytes.',
    }),
    lastResort: t.field({ type: 'Bytes', required: true, description: 'What is given out when there is no other.' }),
    replaceAccountKey: t.boolean({
      description: 'True: put this account key in the place of the one that is there, and revoke its devices.',
    }),
    password: t.string({ description: `To replace the account key. ${proofDescription}` }),
  }),
});

builder.objectFields(ViewerType, (t) => ({
  device: t.field({
    type: DeviceType,
    nullable: true,
    description: 'The device that this session is bound to; null without one.',
    resolve: (viewer, _, { core }) => findOwnDevice(core, viewer),
  }),
  devices: t.field({
    type: [DeviceType],
    description: 'The viewer’s devices in use, oldest first; at most 10.',
    resolve: (viewer, _, { core }) => listOwnDevices(core, viewer),
  }),
  keyPackagesLeft: t.int({
    description: 'How many key packages of this session’s device can be claimed, beside the last resort.',
    resolve: async (viewer, _, { core }) => {
      const device = await findOwnDevice(core, viewer);
      return device ? countKeyPackages(core, device.id) : 0;
    },
  }),
}));

builder.queryField('identities', (t) =>
  t.field({
    type: [IdentityType],
    description: 'What this server says of the keys of these people; at most 250. Who is not found is left out.',
    args: { userIds: t.arg.idList({ required: true, description: 'Of the people.' }) },
    resolve: (_, { userIds }, context) => listIdentities(context.core, signedIn(context), userIds),
  }),
);

builder.mutationFields((t) => ({
  registerDevice: t.field({
    type: DeviceType,
    description:
      'Makes a device for encrypted rooms, or finds it again, and binds the session to it. CONFLICT with the reason ' +
      'IDENTITY_EXISTS when the account has another key and it is not replaced, TOO_MANY_DEVICES when there are ten, or ' +
      'without one when the id or key is another’s; FORBIDDEN with DEVICE_REVOKED or ENGINE_TOO_OLD; INVALID_INPUT for a ' +
      'credential that does not say what it must.',
    args: { input: t.arg({ type: RegisterDeviceInput, required: true, description: 'The device.' }) },
    resolve: (_, { input: { replaceAccountKey, password, ...device } }, context) =>
      registerDevice(context.core, signedIn(context), device, { replaceAccountKey, password }),
  }),
  renameDevice: t.field({
    type: DeviceType,
    description: 'Calls one of the viewer’s devices otherwise.',
    args: {
      id: t.arg.id({ required: true, description: 'Of the device.' }),
      name: t.arg.string({ required: true, description: 'At most 60 characters.' }),
    },
    resolve: (_, { id, name }, context) => renameDevice(context.core, signedIn(context), id, name),
  }),
  revokeDevice: t.field({
    type: DeviceType,
    description:
      'Takes one of the viewer’s devices out of use, for good: its sessions end, and encrypted rooms take nothing until a ' +
      'commit has removed it. Again, it changes nothing.',
    args: { id: t.arg.id({ required: true, description: 'Of the device.' }) },
    resolve: (_, { id }, context) => revokeDevice(context.core, signedIn(context), id),
  }),
  publishKeyPackages: t.int({
    description:
      'Keeps more key packages of this session’s device, for 30 days, the newest hundred; gives how many are left. The same ' +
      'bytes again change nothing. FORBIDDEN (NO_DEVICE) without a device.',
    args: {
      keyPackages: t.arg({
        type: ['Bytes'],
        required: true,
        description: 'At most 100, each at most 4,096 bytes.',
      }),
      lastResort: t.arg({ type: 'Bytes', description: 'Another last resort; left out, the one that is there stays.' }),
    },
    resolve: (_, input, context) => publishKeyPackages(context.core, signedIn(context), input),
  }),
  claimKeyPackages: t.field({
    type: [ClaimedKeyPackageType],
    description:
      'One key package of each of these devices of members of a room, to add them to its group; the last resort when there is ' +
      'no other. What is no device in use of a member is left out. RATE_LIMITED for too many of one person.',
    args: {
      roomId: t.arg.id({ required: true, description: 'Of the room.' }),
      deviceIds: t.arg.idList({ required: true, description: 'Of the devices; at most 250.' }),
    },
    resolve: (_, { roomId, deviceIds }, context) =>
      claimKeyPackages(context.core, signedIn(context), roomId, deviceIds),
  }),
}));
