import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { perPage, toConnection } from '../paging.ts';
import { type PersonNotice, watchPeople } from '../realtime/people.ts';
import { updateProfile } from './profile.ts';
import { getUser, pageUsers, userCursor } from './users.ts';

export const UserType = builder.prismaObject('User', {
  description: 'A person with an account on this server, as everyone here may see them.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Never changes.' }),
    username: t.exposeString('username', { description: 'The name to sign in and to be mentioned with; unique.' }),
    displayName: t.exposeString('displayName', { description: 'What the person is called; not unique.' }),
    colour: t.exposeInt('colour', {
      nullable: true,
      description: 'Chosen by the person: a twelfth of the colour wheel, 0 to 11. Null: take one from the id.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
  }),
});

const PersonChangedType = builder.objectRef<PersonNotice>('PersonChanged').implement({
  description: 'Somebody here is called otherwise from now on, or has deleted their account.',
  fields: (t) => ({
    userId: t.exposeID('id', { description: 'Of the person.' }),
    user: t.field({
      type: UserType,
      nullable: true,
      description: 'The person as they are now; null when the account is gone.',
      resolve: ({ person }) => person as never,
    }),
  }),
});

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What to change of one’s profile; what is left out stays.',
  fields: (t) => ({
    displayName: t.string({ description: 'What to be called, at most 60 characters.' }),
    colour: t.int({ description: 'A twelfth of the colour wheel, 0 to 11; null: as the id has it.' }),
  }),
});

builder.queryFields((t) => ({
  user: t.field({
    type: UserType,
    description: 'A person by id. NOT_FOUND when there is none.',
    args: { id: t.arg.id({ required: true, description: 'Of the person.' }) },
    resolve: (_, { id }, context) => getUser(context.core, signedIn(context), id),
  }),
  users: t.connection(
    {
      type: UserType,
      description: 'Everyone on this server, by display name.',
      complexity: perPage,
      args: { search: t.arg.string({ description: 'Part of a name.' }) },
      resolve: async (_, { search, ...page }, context) =>
        toConnection(await pageUsers(context.core, signedIn(context), search, page), userCursor),
    },
    { name: 'UserConnection', description: 'A page of people.' },
    { name: 'UserEdge', description: 'A person of a page.' },
  ),
}));

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UserType,
    description: 'Changes what the viewer is called, or their colour. Everyone who listens to peopleChanged is told.',
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'What to change.' }) },
    resolve: (_, { input }, context) => updateProfile(context.core, signedIn(context), input),
  }),
);

builder.subscriptionField('peopleChanged', (t) =>
  t.field({
    type: PersonChangedType,
    description:
      'Who here changed their name or colour or deleted their account, from now on. At most once: a notice can be ' +
      'lost, and whatever is read later shows people as they are then.',
    subscribe: (_, _args, context) => {
      signedIn(context);
      return watchPeople(context.core.bus);
    },
    resolve: (notice) => notice,
  }),
);
