import { builder } from '../builder.ts';
import type { SentFile } from '../realtime/sentFile.ts';

export const FileType = builder.objectRef<SentFile>('File').implement({
  description: 'A file of a message. Its bytes are at its address, for members of the room alone.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Never changes.' }),
    name: t.exposeString('name', { description: 'As its sender called it, without folders.' }),
    type: t.exposeString('type', {
      description: 'The media type that its bytes show; application/octet-stream for what is not known.',
    }),
    size: t.exposeInt('size', { description: 'In bytes.' }),
    sha256: t.exposeString('sha256', {
      nullable: true,
      description: 'Of the bytes as they are stored, in hexadecimal digits.',
    }),
    width: t.exposeInt('width', { nullable: true, description: 'In pixels, for images.' }),
    height: t.exposeInt('height', { nullable: true, description: 'In pixels, for images.' }),
    placeholder: t.exposeString('placeholder', {
      nullable: true,
      description: 'A ThumbHash in Base64 that shows a blur of the image until it is there.',
    }),
    url: t.string({
      description: 'Where the bytes are, on this server: GET, with the same credentials; ranges are served.',
      resolve: ({ id }) => `/files/${id}`,
    }),
    thumbnailUrl: t.string({
      nullable: true,
      description: 'Where a smaller image is, at most 640 pixels a side, as WebP; for images.',
      resolve: ({ id, placeholder }) => (placeholder ? `/files/${id}/thumbnail` : null),
    }),
  }),
});
