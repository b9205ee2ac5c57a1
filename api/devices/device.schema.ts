import { builder } from '../builder.ts';

export const DeviceType = builder.prismaObject('Device', {
  description: 'A browser or program that holds keys of a person for encrypted rooms, as everyone here may see it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Chosen by the device.' }),
    userId: t.exposeID('userId', { description: 'Of the person.' }),
    name: t.string({
      description: 'What the person calls it; empty for everyone else.',
      resolve: ({ userId, name }, _, { caller }) => (userId === caller.viewer?.id ? name : ''),
    }),
    credential: t.expose('credential', {
      type: 'Bytes',
      description:
        'By which the account says that the device is one of its own, 129 bytes: version 1 ‖ account id (16) ‖ device id ' +
        '(16) ‖ account key (32) ‖ Ed25519 signature of it (64) over "shh device certificate v1" ‖ account id ‖ device id ' +
        '‖ signatureKey. Verify it yourself.',
    }),
    signatureKey: t.expose('signatureKey', { type: 'Bytes', description: 'Ed25519, 32 bytes.' }),
    suites: t.exposeIntList('suites', { description: 'The MLS cipher suites (RFC 9420 §17.1) that it can speak.' }),
    engineVersion: t.exposeInt('engineVersion', { description: 'Of what speaks MLS there.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was registered.' }),
    lastSeenAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was last here, to a quarter of an hour; null for everyone but its owner.',
      resolve: ({ userId, lastSeenAt }, _, { caller }) => (userId === caller.viewer?.id ? lastSeenAt : null),
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was taken out of use, for good.',
    }),
  }),
});
