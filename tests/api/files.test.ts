import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { purgeFiles } from '../../api/files/purge.ts';
import { begin, beginRefused, bytesOf, look, patch, photograph, sha256, UPLOAD, upload } from '../files.ts';
import { meanwhile } from '../meanwhile.ts';
import { addMember, deleteRoom, expectSound, findMessage, leave, people, roomOf, unsend } from '../rooms.ts';
import { openScanner } from '../services/clamd.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let ada: Person;
let bea: Person;
let gil: Person;
let mallory: Person;
beforeAll(async () => {
  world = await openWorld();
  ({ ada, bea, gil, mallory } = await people(world, 'ada', 'bea', 'gil', 'mallory'));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => world.close());

const FILES = 'files { id name type size sha256 width height placeholder url thumbnailUrl }';
const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq ${FILES} } }`;
const FILES_OF = `subscription ($roomId: ID!, $after: Int) { roomLog(roomId: $roomId, after: $after) {
  ... on MessageSent { message { id ${FILES} } } } }`;
const sending = (roomId: string, files: string[], id: string = randomUUID()) => ({
  input: { id, roomId, body: '', files },
});
const sendFiles = async (person: Person, roomId: string, files: string[], id?: string) =>
  (await person.graphql(SEND, sending(roomId, files, id))).sendMessage;
const sendRefused = (person: Person, roomId: string, files: string[]) => person.refused(SEND, sending(roomId, files));
const CANCEL = 'mutation ($id: ID!) { cancelUpload(id: $id) }';
const DAY = 86_400_000;
const text = (content: string) => Buffer.from(content);
/** What happens while the storage is given bytes for the nth time from now on: before it has taken them, or after. */
function onPut(nth: number, when: 'before' | 'after', act: () => Promise<unknown>): Promise<void> {
  const { storage } = world.node.core;
  const put = storage.put.bind(storage);
  return new Promise((resolve, reject) => {
    const spy = vi.spyOn(storage, 'put');
    for (let n = 0; n < nth; n++) spy.mockImplementationOnce(put);
    spy.mockImplementationOnce(async (key, bytes) => {
      if (when === 'after') await put(key, bytes);
      await act().then(() => resolve(), reject);
      if (when === 'before') await put(key, bytes);
    });
  });
}
/** The keys under which something of the file lies. */
const keptOf = (id: string) =>
  readdirSync(world.node.core.config.filesDir, { recursive: true, withFileTypes: true })
    .filter((place) => place.isFile() && place.name.startsWith(id))
    .map(({ name }) => name)
    .sort();
const told = async (person: Person, id: string) => (await person.graphql(UPLOAD, { id })).upload;
const codeOf = async (answer: Response) => ((await answer.json()) as any).errors[0].extensions.code;

describe('bytes that come', () => {
  test('in one go are the file, with the type that they show', async () => {
    const room = await roomOf(ada, bea);
    const bytes = text('what we said in June');
    const id = await upload(ada, room, { bytes, name: 'notes.exe' });
    expect(await told(ada, id)).toMatchObject({
      isReady: true,
      file: { name: 'notes.exe', type: 'text/plain', size: bytes.length, sha256: sha256(bytes), thumbnailUrl: null },
    });
    expect(await bytesOf(ada, id)).toEqual(bytes);
  });

  test('in several requests, of which one breaks off, go on where they stopped, on any node', async () => {
    const room = await roomOf(ada, bea);
    const bytes = randomBytes(3_000_000);
    const { id } = await begin(ada, room, { bytes, sha256: sha256(bytes) });
    await breakOff(ada, id, bytes.subarray(0, 1_500_000), bytes.length);
    const elsewhere = ada.at(world.clustered ? await world.anotherNode() : world.node);
    await expect.poll(() => offsetOf(elsewhere, id), { timeout: 20_000 }).toBeGreaterThan(0);
    const come = await settled(() => offsetOf(elsewhere, id));
    expect(come).toBeLessThanOrEqual(1_500_000);
    const rest = await patch(elsewhere, id, come, bytes.subarray(come));
    expect([rest.status, rest.headers.get('upload-offset')]).toEqual([204, '3000000']);
    expect((await bytesOf(elsewhere, id)).equals(bytes)).toBe(true);
  });

  test('at the wrong place are refused, and the right place is told', async () => {
    const room = await roomOf(ada, bea);
    const bytes = text('abcdef');
    const { id } = await begin(ada, room, { bytes });
    await patch(ada, id, 0, bytes.subarray(0, 3));
    for (const offset of [0, 2, 4, 7]) expect((await patch(ada, id, offset, bytes.subarray(3))).status).toBe(409);
    expect(await offsetOf(ada, id)).toBe(3);
    await patch(ada, id, 3, bytes.subarray(3));
    expect(await bytesOf(ada, id)).toEqual(bytes);
  });

  test('from two requests at once make one file', async () => {
    const room = await roomOf(ada, bea);
    const bytes = randomBytes(200_000);
    const { id } = await begin(ada, room, { bytes, sha256: sha256(bytes) });
    const statuses = await Promise.all([1, 2, 3].map(async () => (await patch(ada, id, 0, bytes)).status));
    expect(statuses).toContain(204);
    expect((await bytesOf(ada, id)).equals(bytes)).toBe(true);
  });

  test('that were slower than the same ones from elsewhere leave nothing', async () => {
    const room = await roomOf(gil, bea);
    const bytes = text('from two tabs');
    const { id } = await begin(gil, room, { bytes });
    const rival = onPut(0, 'before', async () => expect((await patch(gil, id, 0, bytes)).status).toBe(204));
    expect((await patch(gil, id, 0, bytes)).status).toBe(409);
    await rival;
    expect(await bytesOf(gil, id)).toEqual(bytes);
    expect(keptOf(id)).toEqual([id]);
  });

  test.each([
    ['a piece is kept', 0, 'before'],
    ['the last of it is made ready', 1, 'after'],
  ] as const)('for a file that is cancelled while %s leave nothing', async (_, nth, when) => {
    const room = await roomOf(gil, bea);
    const { id } = await begin(gil, room, { bytes: text('never mind') });
    onPut(nth, when, () => gil.graphql(CANCEL, { id }));
    expect([404, 409]).toContain((await patch(gil, id, 0, text('never mind'))).status);
    expect(await gil.refused(UPLOAD, { id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(keptOf(id)).toEqual([]);
  });

  test('that two requests bring to the end at once are ready for both', async () => {
    const room = await roomOf(gil, bea);
    const bytes = text('from two tabs');
    const { id } = await begin(gil, room, { bytes });
    const rival = onPut(1, 'before', async () => {
      expect((await patch(gil, id, bytes.length, text(''))).status).toBe(204);
    });
    expect((await patch(gil, id, 0, bytes)).status).toBe(204);
    await rival;
    await sendFiles(gil, room, [id]);
    expect(await bytesOf(bea, id)).toEqual(bytes);
    expect(keptOf(id)).toEqual([id]);
  });

  test('that are not those that were promised are refused, and nothing is kept', async () => {
    const room = await roomOf(ada, bea);
    const { id } = await begin(ada, room, { bytes: text('this'), sha256: sha256(text('that')) });
    const answer = await patch(ada, id, 0, text('this'));
    expect([answer.status, await codeOf(answer)]).toEqual([422, 'INVALID_INPUT']);
    expect((await look(ada, id)).status).toBe(404);
  });

  test('for which the disk has no room are refused with a sentence, and taken once there is room', async () => {
    const room = await roomOf(ada, bea);
    const bytes = text('what we said in July');
    const { id } = await begin(ada, room, { bytes });
    const put = vi.spyOn(world.node.core.storage, 'put').mockImplementation(async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const refused = await patch(ada, id, 0, bytes);
    put.mockRestore();
    expect(refused.status).toBe(503);
    const message = 'The server has no room for files: tell whoever runs it.';
    const [error] = ((await refused.json()) as any).errors;
    expect(error).toEqual({ message, extensions: { code: 'UNAVAILABLE', reason: 'STORAGE_FULL' } });
    expect(await told(ada, id)).toMatchObject({ isReady: false, received: 0 });
    expect((await patch(ada, id, 0, bytes)).status).toBe(204);
    expect(await bytesOf(ada, id)).toEqual(bytes);
  });

  test('in which the scanner of the operator finds something are not kept, and none are while it is away', async () => {
    const scanner = await openScanner('what harms');
    const guarded = await openWorld({ CLAMD_ADDRESS: scanner.address });
    const cleo = await guarded.person('cleo');
    const room = await cleo.createRoom();
    const good = text('what we said in August'.repeat(20_000));
    expect(await bytesOf(cleo, await upload(cleo, room, { bytes: good }))).toEqual(good);
    const bad = { name: 'notes.txt', bytes: Buffer.concat([good, text('what harms')]) };
    const { id: harmful } = await begin(cleo, room, bad);
    expect(await codeOf(await patch(cleo, harmful, 0, bad.bytes))).toBe('INVALID_INPUT');
    expect(await cleo.refused(UPLOAD, { id: harmful })).toMatchObject({ code: 'NOT_FOUND' });
    await scanner.stop();
    const { id: unseen } = await begin(cleo, room, { bytes: good });
    expect((await patch(cleo, unseen, 0, good)).status).toBe(503);
    expect(await told(cleo, unseen)).toMatchObject({ isReady: false });
    await scanner.start();
    expect((await patch(cleo, unseen, good.length, text(''))).status).toBe(204);
    expect(await told(cleo, unseen)).toMatchObject({ isReady: true });
    await guarded.close();
    await scanner.stop();
  });

  test('that are more than was said are refused', async () => {
    const room = await roomOf(ada, bea);
    const { id } = await begin(ada, room, { bytes: text('four'), size: 3 });
    expect(await codeOf(await patch(ada, id, 0, text('four')))).toBe('INVALID_INPUT');
    expect(await offsetOf(ada, id)).toBe(0);
  });

  test('of 25 MB are taken, of one byte more not, nor of none', async () => {
    const room = await roomOf(ada, bea);
    const limit = 25 * 1_048_576;
    expect(await beginRefused(ada, room, { size: limit + 1 })).toMatchObject({
      code: 'INVALID_INPUT',
      message: 'A file has at most 25 MB.',
    });
    for (const size of [0, -1])
      expect(await beginRefused(ada, room, { size })).toMatchObject({ code: 'INVALID_INPUT' });
    const bytes = randomBytes(limit);
    const id = await upload(ada, room, { bytes, sha256: sha256(bytes) });
    expect((await bytesOf(ada, id)).equals(bytes)).toBe(true);
  });

  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\notes.txt', 'notes.txt'],
    ['..', 'file'],
    ['', 'file'],
    ['\u202egpj.exe', 'gpj.exe'],
    ['a\0b\r\nc.txt', 'abc.txt'],
    [`${'x'.repeat(500)}.tar`, `${'x'.repeat(196)}.tar`],
  ])('with the name %j are called %j', async (name, called) => {
    const { id } = await begin(ada, await roomOf(ada, bea), { bytes: text('x'), name });
    expect((await told(ada, id)).file.name).toBe(called);
  });
});

describe('an image', () => {
  test('is made anew: upright, without the place where it was taken, with a thumbnail and a blur', async () => {
    const given = await photograph();
    expect(given.includes('Ada Canary')).toBe(true);
    const id = await upload(ada, await roomOf(ada, bea), { bytes: given, name: 'garden.jpg', sha256: sha256(given) });
    const { file } = await told(ada, id);
    expect(file).toMatchObject({ type: 'image/jpeg', width: 40, height: 60, placeholder: expect.any(String) });
    for (const part of ['', '/thumbnail']) {
      const bytes = await bytesOf(ada, id, part);
      expect(bytes.includes('Ada Canary')).toBe(false);
      const { exif, orientation = 1, width } = await sharp(bytes).metadata();
      expect({ exif, orientation, width }).toEqual({ exif: undefined, orientation: 1, width: 40 });
    }
    expect(file).toMatchObject({ sha256: sha256(await bytesOf(ada, id)), size: (await bytesOf(ada, id)).length });
  });

  test('that moves goes on moving', async () => {
    const frames = await Promise.all(
      ['red', 'blue'].map((background) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 100] })
      .toBuffer();
    const id = await upload(ada, await roomOf(ada, bea), { bytes: gif, name: 'blink.gif' });
    expect((await told(ada, id)).file).toMatchObject({ type: 'image/webp', width: 8, height: 8 });
    expect((await sharp(await bytesOf(ada, id), { animated: true }).metadata()).pages).toBe(2);
  });

  test('of 10,000 × 10,000 pixels is refused, and so is one that is none', async () => {
    const room = await roomOf(ada, bea);
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const torn = (await photograph()).subarray(0, 400);
    for (const [bytes, sentence] of [
      [bomb, 'An image has at most 50 million pixels.'],
      [torn, 'This image cannot be read.'],
    ] as const) {
      const { id } = await begin(ada, room, { bytes });
      const answer = await patch(ada, id, 0, bytes);
      expect(((await answer.json()) as any).detail).toBe(sentence);
      expect((await look(ada, id)).status).toBe(404);
    }
  });

  test('by name alone is what its bytes are, and a page is never shown as one', async () => {
    const bytes = text('<html><script>alert(1)</script>');
    const id = await upload(ada, await roomOf(ada, bea), { bytes, name: 'photo.png' });
    const answer = await look(ada, id);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-disposition': "attachment; filename*=UTF-8''photo.png",
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
    });
  });
});

describe('a file that was not sent yet', () => {
  test('is its owner’s alone', async () => {
    const room = await roomOf(ada, bea);
    const id = await upload(ada, room, { bytes: text('not yet') });
    for (const person of [bea, mallory]) {
      expect((await look(person, id)).status).toBe(404);
      expect((await patch(person, id, 0, text('x'))).status).toBe(404);
      expect(await person.refused(UPLOAD, { id })).toMatchObject({ code: 'NOT_FOUND' });
      expect(await person.refused(CANCEL, { id })).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect((await look(world.stranger(), id)).status).toBe(401);
  });

  test('is not for a room in which one is not, nor in which one is no more', async () => {
    const room = await roomOf(ada, bea);
    expect(await beginRefused(mallory, room, {})).toMatchObject({ code: 'NOT_FOUND' });
    const { id } = await begin(bea, room, { bytes: text('bye') });
    await bea.graphql(...leave(room));
    expect((await patch(bea, id, 0, text('bye'))).status).toBe(404);
  });

  test('can be cancelled, and then nothing of it is left', async () => {
    const id = await upload(ada, await roomOf(ada, bea), { bytes: text('never mind') });
    await ada.graphql(CANCEL, { id });
    expect((await look(ada, id)).status).toBe(404);
    expect(await world.node.core.storage.get(id)).toBeNull();
  });

  test('is gone after a day, and so is what is in rooms that are gone', async () => {
    const [room, doomed] = [await roomOf(ada, bea), await roomOf(ada, bea)];
    const [old, gone] = [
      await upload(ada, room, { bytes: text('old') }),
      await upload(ada, doomed, { bytes: text('gone') }),
    ];
    await ada.graphql(...deleteRoom(doomed));
    while ((await purgeFiles(world.node.core)) > 0);
    expect([(await look(ada, old)).status, (await look(ada, gone)).status]).toEqual([200, 404]);
    while ((await purgeFiles(world.node.core, Date.now() + DAY)) > 0);
    expect((await look(ada, old)).status).toBe(404);
    for (const id of [old, gone]) expect(await world.node.core.storage.get(id)).toBeNull();
  });

  test.each([
    ['is cancelled', (id: string) => gil.graphql(CANCEL, { id })],
    ['is purged', () => purgeFiles(world.node.core, Date.now() + DAY)],
  ])('and %s is not sent in the same moment: no message has a file that is gone', async (_, remove) => {
    const room = await roomOf(gil, bea);
    const id = await upload(gil, room, { bytes: text('now or never') });
    const { storage } = world.node.core;
    const sent: { errors?: any[] }[] = [];
    vi.spyOn(storage, 'remove').mockImplementationOnce(async (keys) => {
      sent.push(await gil.ask(SEND, sending(room, [id])));
      await storage.remove(keys);
    });
    await remove(id);
    expect(sent.map(({ errors }) => errors?.[0].extensions.code)).toEqual(['NOT_FOUND']);
    expect((await look(gil, id)).status).toBe(404);
    await expectSound(world.node, room);
  });

  test('is one of twenty at most, however many are begun at once', async () => {
    const zoe = await world.person('zoe');
    const room = await roomOf(zoe);
    const begun = await Promise.allSettled(Array.from({ length: 30 }, () => begin(zoe, room, { bytes: text('x') })));
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(await beginRefused(zoe, room, {})).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a file that is sent', () => {
  test('arrives with the message, and members get its bytes', async () => {
    const room = await roomOf(ada, bea);
    const heard = bea.subscribe(FILES_OF, { roomId: room, after: 2 });
    const ids = [
      await upload(ada, room, { bytes: await photograph(), name: 'b.jpg' }),
      await upload(ada, room, { bytes: text('a') }),
    ];
    const { files } = await sendFiles(ada, room, ids);
    expect(files).toMatchObject([
      {
        id: ids[0],
        name: 'b.jpg',
        type: 'image/jpeg',
        width: 40,
        height: 60,
        thumbnailUrl: `/files/${ids[0]}/thumbnail`,
      },
      { id: ids[1], name: 'notes.txt', type: 'text/plain', size: 1, sha256: sha256(text('a')), thumbnailUrl: null },
    ]);
    expect((await heard.next()).message.files).toEqual(files);
    expect(await bytesOf(bea, ids[1] ?? '')).toEqual(text('a'));
    const page = await bea.graphql(`query ($id: ID!) { room(id: $id) { messages { nodes { body ${FILES} } } } }`, {
      id: room,
    });
    expect(page.room.messages.nodes).toEqual([{ body: '', files }]);
    for (const person of [mallory, world.stranger()])
      expect([401, 404]).toContain((await look(person, ids[0] ?? '')).status);
  });

  test('is sent once: the same message again brings it again, another message does not', async () => {
    const room = await roomOf(ada, bea);
    const file = await upload(ada, room, { bytes: text('once') });
    const id = randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => sendFiles(ada, room, [file], id)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await sendRefused(ada, room, [file])).toMatchObject({ code: 'NOT_FOUND', message: 'File not found.' });
    const rivals = await upload(ada, room, { bytes: text('rivals') });
    const codes = await Promise.all(
      [1, 2, 3, 4, 5].map(async () => (await ada.ask(SEND, sending(room, [rivals]))).errors?.[0].extensions.code),
    );
    expect(codes.toSorted()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', undefined]);
  });

  test('is one’s own, ready, and for that room; otherwise nothing is sent', async () => {
    const [room, other] = [await roomOf(ada, bea), await roomOf(ada, bea)];
    const [hers, elsewhere] = [
      await upload(bea, room, { bytes: text('x') }),
      await upload(ada, other, { bytes: text('x') }),
    ];
    const { id: half } = await begin(ada, room, { bytes: text('xy') });
    const good = await upload(ada, room, { bytes: text('good') });
    for (const file of [hers, elsewhere, half, randomUUID(), 'none']) {
      expect(await sendRefused(ada, room, [good, file])).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(
      await sendRefused(
        ada,
        room,
        Array.from({ length: 11 }, () => randomUUID()),
      ),
    ).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await sendRefused(ada, room, [])).toMatchObject({ code: 'INVALID_INPUT', message: 'Message is empty.' });
    expect((await sendFiles(ada, room, [good])).files).toHaveLength(1);
    await expectSound(world.node, room);
  });

  test('goes with its message, from everywhere', async () => {
    const room = await roomOf(ada, bea);
    const file = await upload(ada, room, { bytes: await photograph() });
    const { id } = await sendFiles(ada, room, [file]);
    await ada.graphql(...unsend(id));
    for (const person of [ada, bea]) expect((await look(person, file)).status).toBe(404);
    for (const key of [file, `${file}.thumbnail`]) expect(await world.node.core.storage.get(key)).toBeNull();
    const past = await bea.subscribe(FILES_OF, { roomId: room, after: 2 }).next();
    expect(past.message.files).toEqual([]);
  });

  test('stays with its message when that could not be deleted', async () => {
    const room = await roomOf(ada, bea, gil);
    const file = await upload(gil, room, { bytes: text('still here') });
    const { id } = await sendFiles(gil, room, [file]);
    meanwhile(world.node, {
      before: () => gil.graphql(...leave(room)),
      after: () => ada.graphql(...addMember(room, gil.id)),
    });
    expect(await gil.refused(...unsend(id))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await gil.graphql(...findMessage(id))).message.deletedAt).toBeNull();
    expect(await bytesOf(bea, file)).toEqual(text('still here'));
  });

  test('is not for who has left', async () => {
    const room = await roomOf(ada, bea);
    const file = await upload(ada, room, { bytes: text('for members') });
    await sendFiles(ada, room, [file]);
    expect((await look(bea, file)).status).toBe(200);
    await bea.graphql(...leave(room));
    expect((await look(bea, file)).status).toBe(404);
  });
});

test('a part of a file can be asked for, and what has not changed is not sent again', async () => {
  const id = await upload(ada, await roomOf(ada, bea), { bytes: text('0123456789') });
  for (const [range, part] of [
    ['bytes=2-4', '234'],
    ['bytes=7-', '789'],
    ['bytes=-2', '89'],
    ['bytes=5-500', '56789'],
  ] as const) {
    const answer = await look(ada, id, { range });
    expect([answer.status, await answer.text()]).toEqual([206, part]);
  }
  expect((await look(ada, id, { range: 'bytes=10-' })).status).toBe(416);
  const etag = (await look(ada, id)).headers.get('etag') ?? '';
  expect((await look(ada, id, { 'if-none-match': etag })).status).toBe(304);
  expect((await look(bea, id, { 'if-none-match': etag })).status).toBe(404);
});

test('another site can neither send nor read files', async () => {
  const { id } = await begin(ada, await roomOf(ada, bea), { bytes: text('x') });
  expect((await patch(ada, id, 0, text('x'), { origin: 'https://evil.example' })).status).toBe(403);
  const answer = await look(ada, id, { origin: 'https://evil.example' });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

async function offsetOf(person: Person, id: string): Promise<number> {
  return (await told(person, id)).received;
}

async function settled(read: () => Promise<number>): Promise<number> {
  for (let before = -1; ; ) {
    const now = await read();
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function breakOff(person: Person, id: string, bytes: Buffer, length: number): Promise<void> {
  const headers = {
    authorization: `Bearer ${person.accessToken}`,
    'content-type': 'application/offset+octet-stream',
    'upload-offset': '0',
    'content-length': length,
  };
  return new Promise((resolve) => {
    const upload = request(`${person.node.url}/files/${id}`, { method: 'PATCH', headers });
    upload.on('error', () => {});
    upload.on('close', () => resolve());
    upload.write(bytes, () => upload.destroy());
  });
}
