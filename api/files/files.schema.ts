import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import type { File } from '../db/model.ts';
import { ServerType } from '../instance/instance.schema.ts';
import { toSentFile } from '../realtime/sentFile.ts';
import { FileType } from './file.schema.ts';
import { cancelUpload, createUpload, getUpload } from './files.ts';

const UploadType = builder.objectRef<File>('Upload').implement({
  description: 'A file of the viewer that was not sent yet.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the file: name it in sendMessage once it is ready.' }),
    file: t.field({
      type: FileType,
      description: 'What is known of it: its type, and what images have, only once it is ready.',
      resolve: toSentFile,
    }),
    received: t.exposeInt('received', { description: 'How many bytes have come: go on there.' }),
    isReady: t.boolean({
      description: 'True once all bytes have come and were checked.',
      resolve: ({ readyAt }) => !!readyAt,
    }),
    url: t.string({
      description:
        'Where the bytes go: PATCH with Content-Type application/offset+octet-stream and Upload-Offset (bytes that ' +
        'have come), in as many requests as you like; HEAD answers with Upload-Offset. CONFLICT (409) when that is not how far it has come.',
      resolve: ({ id }) => `/files/${id}`,
    }),
  }),
});

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'A file that is about to be sent.',
  fields: (t) => ({
    roomId: t.id({ required: true, description: 'The room that it is for; it can be sent nowhere else.' }),
    name: t.string({
      required: true,
      description: 'What to call it. Folders and invisible characters are taken away.',
    }),
    size: t.int({ required: true, description: 'In bytes; at most Server.fileLimit.' }),
    sha256: t.string({ description: 'Of the bytes, in hexadecimal digits: what arrives otherwise is refused.' }),
  }),
});

const id = 'Of the file.';

builder.queryField('upload', (t) =>
  t.field({
    type: UploadType,
    description: 'A file of the viewer that was not sent yet. NOT_FOUND when there is none.',
    args: { id: t.arg.id({ required: true, description: id }) },
    resolve: (_, args, context) => getUpload(context.core, signedIn(context), args.id),
  }),
);

builder.mutationFields((t) => ({
  createUpload: t.field({
    type: UploadType,
    description:
      'Makes room for a file. What is not sent within a day is removed. INVALID_INPUT when it is too large, CONFLICT when 20 wait already.',
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'What it is.' }) },
    resolve: (_, { input: { roomId, ...file } }, context) =>
      createUpload(context.core, signedIn(context), roomId, file),
  }),
  cancelUpload: t.boolean({
    description: 'Removes a file that was not sent yet. NOT_FOUND when there is none.',
    args: { id: t.arg.id({ required: true, description: id }) },
    resolve: async (_, args, context) => {
      await cancelUpload(context.core, signedIn(context), args.id);
      return true;
    },
  }),
}));

builder.objectField(ServerType, 'fileLimit', (t) =>
  t.int({
    description: 'The most bytes that a file may have.',
    resolve: (_, _args, { core }) => core.config.fileLimit,
  }),
);
