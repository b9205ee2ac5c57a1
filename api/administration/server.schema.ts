import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { RegistrationType, ServerType } from '../instance/instance.schema.ts';
import { updateServer } from './server.ts';

const UpdateServerInput = builder.inputType('UpdateServerInput', {
  description: 'What to change of this server; what is left out stays.',
  fields: (t) => ({
    name: t.string({ description: 'What people see when they sign in; at most 60 characters.' }),
    runBy: t.string({
      description: 'Who is said to run it, to whoever comes; at most 60 characters. Empty: nobody is named.',
    }),
    registration: t.field({ type: RegistrationType, description: 'Who may make an account from now on.' }),
  }),
});

builder.mutationField('updateServer', (t) =>
  t.field({
    type: ServerType,
    description:
      'Changes what the server is called, who is said to run it, or who may register. Administrators only; CONFLICT ' +
      'when the configuration decides who may register.',
    args: { input: t.arg({ type: UpdateServerInput, required: true, description: 'What to change.' }) },
    resolve: (_, { input }, context) => updateServer(context.core, signedIn(context), input),
  }),
);
