import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, bytesOf, look, patch, photograph, upload } from '../files.ts';
import { people, roomOf } from '../rooms.ts';
import { openBucket } from '../services/bucket.ts';
import { openWorld, type Person, type World } from '../world.ts';

let bucket: Awaited<ReturnType<typeof openBucket>>;
let world: World;
let ada: Person;
let bea: Person;
let room: string;
beforeAll(async () => {
  bucket = await openBucket();
  world = await openWorld(bucket.environment);
  ({ ada, bea } = await people(world, 'ada', 'bea'));
  room = await roomOf(ada, bea);
});
afterAll(async () => {
  await world.close();
  bucket.close();
});

test('files lie in a bucket, whole, and none of their pieces is left', async () => {
  const bytes = Buffer.from('kept elsewhere');
  const { id } = await begin(ada, room, { bytes });
  await patch(ada, id, 0, bytes.subarray(0, 4));
  await patch(ada, id, 4, bytes.subarray(4));
  expect(await bytesOf(ada, id)).toEqual(bytes);
  expect(await (await look(ada, id, { range: 'bytes=5-13' })).text()).toBe('elsewhere');
  expect([...bucket.objects.keys()]).toEqual([`/files/${id}`]);
});

test('an image brings its thumbnail, and both go when it is cancelled', async () => {
  bucket.objects.clear();
  const id = await upload(ada, room, { bytes: await photograph(), name: 'garden.jpg' });
  expect([...bucket.objects.keys()].toSorted()).toEqual([`/files/${id}`, `/files/${id}.thumbnail`]);
  await ada.graphql('mutation ($id: ID!) { cancelUpload(id: $id) }', { id });
  expect(bucket.objects.size).toBe(0);
});

test('while the bucket refuses, Ada is told to try again, and then she goes on where she was', async () => {
  const bytes = Buffer.from('patience');
  const { id } = await begin(ada, room, { bytes });
  bucket.state.down = true;
  const answer = await patch(ada, id, 0, bytes);
  expect([answer.status, ((await answer.json()) as any).errors[0].extensions.code]).toEqual([503, 'UNAVAILABLE']);
  bucket.state.down = false;
  expect((await patch(ada, id, 0, bytes)).status).toBe(204);
  expect(await bytesOf(ada, id)).toEqual(bytes);
});
