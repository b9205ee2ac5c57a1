import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { UserType } from '../users/users.schema.ts';
import { RoomSizeType } from './rooms.schema.ts';
import { type PersonSize, readStorage, type StorageUse } from './storage.ts';

const PersonSizeType = builder.objectRef<PersonSize>('PersonSize').implement({
  description: 'How much of the files is a person’s.',
  fields: (t) => ({
    user: t.field({ type: UserType, description: 'Who.', resolve: ({ user }) => user }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files are theirs.' }),
    fileBytes: t.exposeFloat('fileBytes', { description: 'How large they are together, in bytes.' }),
  }),
});

const StorageUseType = builder.objectRef<StorageUse>('StorageUse').implement({
  description: 'What this server keeps.',
  fields: (t) => ({
    databaseBytes: t.exposeFloat('databaseBytes', { description: 'The size of the database, in bytes.' }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files there are.' }),
    fileBytes: t.exposeFloat('fileBytes', { description: 'How large they are together, in bytes.' }),
    rooms: t.field({
      type: [RoomSizeType],
      description: 'The ten public and private rooms with the most bytes in files.',
      resolve: ({ rooms }) => rooms,
    }),
    people: t.field({
      type: [PersonSizeType],
      description: 'The ten people with the most bytes in files.',
      resolve: ({ people }) => people,
    }),
  }),
});

builder.queryField('storageUse', (t) =>
  t.field({
    type: StorageUseType,
    description: 'How much this server keeps, and where the most of it lies. Administrators only.',
    resolve: (_, _args, context) => readStorage(context.core, signedIn(context)),
  }),
);
