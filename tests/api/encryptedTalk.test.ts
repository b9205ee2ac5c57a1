import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserOf } from '../encryptedPeople.ts';
import { people } from '../rooms.ts';
import { type Node, openWorld, type World } from '../world.ts';

const DIRECT = 'mutation ($id: ID!) { openDirectRoom(userId: $id, encrypted: true) { id encryption } }';

let world: World;
let elsewhere: Node;

beforeAll(async () => {
  world = await openWorld();
  elsewhere = world.clustered ? await world.anotherNode() : world.node;
});
afterAll(() => world?.close());

test('Ann writes to Bob, who was never online together with her, and he reads it at another node and answers', async () => {
  const [ann, bob] = await people(world, 'ann', 'bob').then(({ ann, bob }) => [ann, bob.at(elsewhere)] as const);
  const bobs = await browserOf(bob);
  const anns = await browserOf(ann);
  const room = (await ann.graphql(DIRECT, { id: bob.id })).openDirectRoom.id;
  await anns.device.makeGroup(room);
  await anns.say(room, 'Are you there?');
  expect(await bobs.read(room)).toEqual(['Are you there?']);
  await bobs.say(room, 'Now I am.');
  expect(await anns.read(room)).toEqual(['Are you there?', 'Now I am.']);
  const stored = await world.node.core.db.entry.findMany({ where: { roomId: room } });
  expect(stored.filter(({ sealed }) => sealed)).toHaveLength(2);
  expect(stored.every(({ body }) => body === null)).toBe(true);
  const bytes = stored.map(({ mls, sealed }) => Buffer.concat([mls ?? Buffer.of(), sealed ?? Buffer.of()]));
  expect(Buffer.concat(bytes).includes('Are you there?')).toBe(false);
});
