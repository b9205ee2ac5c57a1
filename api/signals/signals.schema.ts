import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { type Signal, sendSignal, watchSignals } from './signals.ts';

const SignalType = builder.objectRef<Signal>('Signal').implement({
  description:
    'Something of this moment that a device tells the others of an encrypted room: that its person types, or how far they ' +
    'have read. The server can tell neither which, nor who is meant to see it.',
  fields: (t) => ({
    roomId: t.exposeID('roomId', { description: 'In which room.' }),
    bytes: t.expose('bytes', {
      type: 'Bytes',
      description: 'Sealed with a key of the epoch of the group, 256 bytes. Whose it is stands in it, signed.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it came here.' }),
  }),
});

const roomId = 'Of the encrypted room.';

builder.mutationField('sendSignal', (t) =>
  t.boolean({
    description:
      'Passes on to the devices that are in an encrypted room now what this session’s device has sealed for them. At most ' +
      'once, never stored. False when it was not passed on: of one device at most one every 0.3 s is. INVALID_INPUT when it ' +
      'has not 256 bytes. CONFLICT has a reason: NOT_ENCRYPTED, PENDING_REMOVAL (with deviceIds), NOT_IN_GROUP. FORBIDDEN: ' +
      'NO_DEVICE, DEVICE_REVOKED.',
    args: {
      roomId: t.arg.id({ required: true, description: roomId }),
      bytes: t.arg({ type: 'Bytes', required: true, description: '256 bytes, whatever they say.' }),
    },
    resolve: (_, { roomId, bytes }, context) => sendSignal(context.core, signedIn(context), roomId, bytes),
  }),
);

builder.subscriptionField('signals', (t) =>
  t.field({
    type: SignalType,
    extensions: { shared: true },
    description:
      'What devices tell each other in an encrypted room at this moment, one’s own included: for members whose session has a ' +
      'device. At most once: a signal can be lost. Ends with the membership. CONFLICT has the reason NOT_ENCRYPTED; ' +
      'FORBIDDEN: NO_DEVICE, DEVICE_REVOKED.',
    args: { roomId: t.arg.id({ required: true, description: roomId }) },
    subscribe: (_, args, context) => watchSignals(context.core, signedIn(context), args.roomId),
    resolve: (signal) => signal,
  }),
);
