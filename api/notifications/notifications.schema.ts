import { SessionType } from '../auth/sessions.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { ServerType } from '../instance/instance.schema.ts';
import { pushKeys } from './pushKeys.ts';
import { hasPush, setPush } from './subscriptions.ts';

builder.objectField(ServerType, 'pushKey', (t) =>
  t.string({
    description:
      'With which the server signs its pushes (VAPID), for PushManager.subscribe: P-256, in base64url. Never changes.',
    resolve: async (_, _args, { core }) => (await pushKeys(core)).publicKey,
  }),
);

builder.objectField(SessionType, 'hasPush', (t) =>
  t.boolean({
    description: 'Whether its browser is told of what is new while no page is open there.',
    resolve: ({ id }, _, { core }) => hasPush(core, id),
  }),
);

const PushSubscriptionInput = builder.inputType('PushSubscriptionInput', {
  description: 'What PushManager.subscribe gives.',
  fields: (t) => ({
    endpoint: t.string({ required: true, description: 'At a push service: a public https address.' }),
    p256dh: t.string({ required: true, description: 'The public key of the browser: 65 bytes, in base64url.' }),
    auth: t.string({ required: true, description: 'The secret of the browser: 16 bytes, in base64url.' }),
  }),
});

builder.mutationField('setPush', (t) =>
  t.field({
    type: SessionType,
    description:
      'Has the browser of this session told by Web Push that a message has come, while it has no socket open: as Room.notify ' +
      'says, once for each room until it is read, never while the viewer is hushed. A push holds the id of the room, the ' +
      'position of its newest message, and how much waits; no name and no text. Ends with the session. CONFLICT when 20 ' +
      'devices are told already, or the endpoint is that of another browser; NOT_FOUND without a session.',
    args: {
      subscription: t.arg({ type: PushSubscriptionInput, description: 'Where to. Null: no longer.' }),
    },
    resolve: (_, { subscription }, context) => setPush(context.core, signedIn(context), subscription),
  }),
);
