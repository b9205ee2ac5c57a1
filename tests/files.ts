import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Person } from './world.ts';

const CREATE = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { id received isReady url } }`;
export const UPLOAD = `query ($id: ID!) { upload(id: $id) { id received isReady
  file { id name type size sha256 width height placeholder url thumbnailUrl } } }`;

export interface GivenFile {
  name?: string;
  bytes: Buffer;
  sha256?: string;
  size?: number;
}

/** Makes room for a file; its bytes follow through `patch`. */
export async function begin(person: Person, roomId: string, { name = 'notes.txt', bytes, sha256, size }: GivenFile) {
  const input = { roomId, name, size: size ?? bytes.length, sha256 };
  return (await person.graphql(CREATE, { input })).createUpload as { id: string; received: number; url: string };
}

export const beginRefused = (person: Person, roomId: string, input: object) =>
  person.refused(CREATE, { input: { roomId, name: 'notes.txt', size: 1, ...input } });

/** Sends bytes from an offset on, as programs do. */
export function patch(person: Person, id: string, offset: number, bytes: Buffer, headers = {}): Promise<Response> {
  const type = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
  return ask(person, `/files/${id}`, {
    method: 'PATCH',
    body: new Uint8Array(bytes),
    headers: { ...type, ...headers },
  });
}

/** A whole file, ready to be sent; gives its id. */
export async function upload(person: Person, roomId: string, file: GivenFile): Promise<string> {
  const { id } = await begin(person, roomId, file);
  const answer = await patch(person, id, 0, file.bytes);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return id;
}

export const look = (person: Person, id: string, headers = {}, part = ''): Promise<Response> =>
  ask(person, `/files/${id}${part}`, { headers });

export async function bytesOf(person: Person, id: string, part = ''): Promise<Buffer> {
  return Buffer.from(await (await look(person, id, {}, part)).arrayBuffer());
}

export function ask(person: Person, path: string, init: RequestInit): Promise<Response> {
  const headers = { authorization: `Bearer ${person.accessToken}`, ...(init.headers as Record<string, string>) };
  return fetch(person.node.url + path, { ...init, headers });
}

export const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** A photograph of 60 × 40 that says where it was taken, to be turned by a quarter. */
export function photograph(): Promise<Buffer> {
  return sharp({ create: { width: 60, height: 40, channels: 3, background: '#805030' } })
    .withExif({ IFD0: { Artist: 'Ada Canary' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
}
