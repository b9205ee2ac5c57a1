import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connect, type RoomEvent } from '../../examples/front-end.ts';
import { openWorld, PASSWORD, type Person, type World } from '../world.ts';

const PATIENT = { timeout: 50_000, interval: 20 };

let world: World;
let alice: Person;
let bob: Person;
let room: string;
beforeAll(async () => {
  world = await openWorld();
  alice = await world.person('alice');
  bob = await world.person('bob');
  room = await alice.createRoom();
  await bob.join(room);
});
afterAll(() => world.close());

test('The example in the documentation runs as written and survives a server restart.', async () => {
  const { listRooms, follow, send } = await connect(world.node.url, bob.username, PASSWORD);
  const [shown] = await listRooms();
  if (!shown) throw new Error('bob is in no room');
  const events: RoomEvent[] = [];
  const ended = follow(shown, (event) => events.push(event));
  const first = shown.lastSeq + 1;
  const sent: { seq: number }[] = [];
  const saying = (async () => {
    for (let number = 0; number < 40; number++) sent.push(await send(room, `the ${number}th`));
  })();
  await vi.waitUntil(() => sent.length >= 10 && events.length >= 10, PATIENT);

  const { port } = new URL(world.node.url);
  await world.node.close();
  const again = await world.anotherNode({ PORT: port });
  await alice.at(again).say(room, 'said before bob is back, perhaps');

  await saying;
  await vi.waitUntil(() => events.length >= 41, PATIENT);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, index) => first + index));
  expect(sent.map(({ seq }) => bodyAt(events, seq))).toEqual(sent.map((_, number) => `the ${number}th`));

  await alice.at(again).graphql('mutation ($room: ID!, $user: ID!) { removeMember(roomId: $room, userId: $user) }', {
    room,
    user: bob.id,
  });
  await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(events.at(-1)).toMatchObject({ __typename: 'MemberRemoved', seq: first + 41 });
});

test('a cursor of another life is answered with a Reset, and the example goes on from there', async () => {
  const carol = await world.person('carol');
  const here = await carol.createRoom();
  for (const body of ['one', 'two']) await carol.say(here, body);
  const { listRooms, follow, send } = await connect(carol.node.url, carol.username, PASSWORD);
  const [shown] = await listRooms();
  if (!shown) throw new Error('carol is in no room');
  const { lastSeq, epoch } = shown;
  const events: RoomEvent[] = [];
  const restored = { ...shown, lastSeq: 900, epoch: crypto.randomUUID() };
  const ended = follow(restored, (event) => events.push(event));
  await vi.waitUntil(() => events.length > 0, PATIENT);
  expect(restored).toMatchObject({ lastSeq, epoch });
  await Promise.all(['three', 'four'].map((body) => send(here, body)));
  await vi.waitUntil(() => events.length >= 3, PATIENT);
  expect(events.map(({ __typename, message }) => message?.body ?? __typename)).toEqual(['Reset', 'three', 'four']);
  await carol.graphql('mutation ($id: ID!) { deleteRoom(id: $id) }', { id: here });
  await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

const bodyAt = (events: RoomEvent[], seq: number) => events.find((event) => event.seq === seq)?.message?.body;
