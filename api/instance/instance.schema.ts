import { builder } from '../builder.ts';
import type { Instance } from '../db/model.ts';
import { VERSION } from '../version.ts';
import { readInstance, registrationOf } from './instance.ts';

export const RegistrationType = builder.enumType('Registration', {
  description: 'Who may make an account.',
  values: {
    OPEN: { description: 'Anyone who can reach the server.' },
    INVITE: { description: 'Whoever has an invitation.' },
    CLOSED: { description: 'Nobody.' },
  },
});

export const ServerType = builder.objectRef<Instance>('Server').implement({
  description: 'This server, as anyone may know it, signed in or not.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What the people here call it.' }),
    runBy: t.exposeString('runBy', {
      nullable: true,
      description: 'Who runs it, as its administrators want it said; null where they name nobody.',
    }),
    registration: t.field({
      type: RegistrationType,
      description: 'Who may make an account now.',
      resolve: (instance, _, { core }) => registrationOf(core, instance),
    }),
    registrationIsFixed: t.boolean({
      description: 'Whether the configuration decides that, so that no administrator can change it here.',
      resolve: (_instance, _, { core }) => core.config.registration !== undefined,
    }),
    needsSetup: t.boolean({
      description: 'True until the first administrator was made with the link that the server printed.',
      resolve: (instance) => instance.setUpAt === null,
    }),
    version: t.string({ description: 'Of the software.', resolve: () => VERSION }),
    epoch: t.exposeID('epoch', {
      description:
        'Changes when the database was restored. A log position read under another epoch is answered with Reset.',
    }),
  }),
});

builder.queryField('server', (t) =>
  t.field({
    type: ServerType,
    description: 'What this server is. Needs no session.',
    resolve: (_, _args, { core }) => readInstance(core),
  }),
);
