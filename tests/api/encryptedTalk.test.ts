import { afterAll, beforeAll, expect, test } from 'vitest';
import { expireRoom } from '../../api/retention/expiring.ts';
import { encryptedRoomOf } from '../devices.ts';
import { browserOf } from '../encryptedPeople.ts';
import { addMember, people, setRetention } from '../rooms.ts';
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

test('what has expired is gone from the devices as well, and who comes later follows what is left of the log', async () => {
  const { ann, bob, carol } = await people(world, 'ann', 'bob', 'carol');
  const [anns, bobs, carols] = [await browserOf(ann), await browserOf(bob), await browserOf(carol)];
  const room = await encryptedRoomOf(ann, bob);
  await anns.device.makeGroup(room);
  const old = await anns.say(room, 'old');
  await anns.tell(room, { type: 'edit', target: old, body: 'old, and edited' });
  expect(await bobs.read(room)).toEqual(['old, and edited']);
  await ann.graphql(...setRetention(room, 1));
  await expireRoom(world.node.core, room, Date.now() + 3 * 86_400_000);
  await bobs.say(room, 'new');
  for (const one of [anns, bobs]) expect(await one.read(room)).toEqual(['new']);
  for (const { ports } of [anns, bobs]) expect(await ports.store.read(`key/${room}/${old}`)).toBeUndefined();
  await anns.invite(room, carols.user);
  await ann.graphql(...addMember(room, carol.id));
  await anns.device.settle(room);
  await bobs.say(room, 'Welcome, Carol');
  expect(await carols.read(room)).toEqual(['Welcome, Carol']);
  for (const one of [anns, await bobs.reload()]) expect(await one.read(room)).toEqual(['new', 'Welcome, Carol']);
});
