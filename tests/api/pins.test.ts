import { afterAll, beforeAll, expect, test } from 'vitest';
import { meanwhile } from '../meanwhile.ts';
import {
  edit,
  expectSound,
  listNotices,
  listPins,
  openDirect,
  people,
  pin,
  react,
  roomOf,
  setRole,
  unpin,
  unsend,
  update,
} from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  world = await openWorld();
  ({ alice, bob } = await people(world, 'alice', 'bob'));
});
afterAll(() => world.close());

const pins = async (person: Person, room: string): Promise<string[]> =>
  (await person.graphql(...listPins(room))).room.pins.map(({ body }: any) => body);

test('a pin shows for all, newest first, and all who listen are told', async () => {
  const room = await roomOf(alice, bob);
  const heard = bob.follow(room, { after: 0 });
  const [one, two] = [await alice.say(room, 'one'), await alice.say(room, 'two')];
  for (const { id } of [two, one, one]) await alice.graphql(...pin(id));
  expect(await pins(bob, room)).toEqual(['one', 'two']);
  await alice.graphql(...unpin(two.id));
  await alice.graphql(...unpin(two.id));
  expect(await pins(bob, room)).toEqual(['one']);
  const told = (await heard.upTo(({ seq }) => seq === two.seq + 3)).slice(-3);
  expect(
    told.map(({ __typename, by, message }) => [__typename, by.id, message.body, message.pinnedAt !== null]),
  ).toEqual([
    ['MessagePinned', alice.id, 'two', true],
    ['MessagePinned', alice.id, 'one', true],
    ['MessageUnpinned', alice.id, 'two', false],
  ]);
  heard.stop();
  await expectSound(world.node, room);
});

test('with the notices of its pages the past reads as the log told it, between any two positions', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'one');
  for (const step of [react(id, '👍'), pin(id), update(room, { topic: 'tides' }), edit(id, 'two'), unpin(id)])
    await alice.graphql(...step);
  const last = await alice.say(room, 'three');
  const heard = bob.follow(room, { after: 0 });
  const told = await heard.upTo(({ seq }) => seq === last.seq);
  heard.stop();
  const notices = async (...between: number[]) =>
    (await bob.graphql(...listNotices(room, ...between))).room.notices.map(({ seq }: any) => seq);
  const besides = told.filter(({ __typename }) => !/Sent|Edited|Reactions/.test(__typename)).map(({ seq }) => seq);
  expect(besides.length).toBeGreaterThanOrEqual(4);
  expect(await notices()).toEqual(besides);
  const [second = 0, third = 0, fourth = 0] = besides.slice(1);
  expect(await notices(second, fourth)).toEqual([third]);
  expect(await notices(fourth, second)).toEqual([]);
  expect(await bob.refused(...listNotices(room, -1))).toMatchObject({ code: 'INVALID_INPUT' });
});

test('owners and moderators pin, members do not; in a direct room both do', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await bob.say(room, 'mine');
  expect(await bob.refused(...pin(id))).toMatchObject({ code: 'FORBIDDEN' });
  await alice.graphql(...setRole(room, bob.id, 'MODERATOR'));
  await bob.graphql(...pin(id));
  await alice.graphql(...setRole(room, bob.id, 'MEMBER'));
  expect(await bob.refused(...unpin(id))).toMatchObject({ code: 'FORBIDDEN' });
  const direct = (await alice.graphql(...openDirect(bob.id))).openDirectRoom.id;
  const said = await alice.say(direct, 'between us');
  await bob.graphql(...pin(said.id));
  await alice.graphql(...unpin(said.id));
});

test('a deleted message loses its pin, and gets none', async () => {
  const room = await roomOf(alice);
  const { id } = await alice.say(room, 'gone');
  await alice.graphql(...pin(id));
  expect((await alice.graphql(...unsend(id))).deleteMessage.pinnedAt).toBeNull();
  expect(await pins(alice, room)).toEqual([]);
  expect(await alice.refused(...pin(id))).toMatchObject({ code: 'CONFLICT' });
});

test('a pin that somebody takes away before the answer was no mistake', async () => {
  const room = await roomOf(alice, bob);
  const { id } = await alice.say(room, 'hello');
  await alice.graphql(...pin(id));
  meanwhile(world.node, { after: () => alice.graphql(...unpin(id)) });
  expect((await alice.graphql(...pin(id))).pinMessage).toMatchObject({ id, pinnedAt: expect.any(String) });
  expect(await pins(bob, room)).toEqual([]);
});

test('a room has at most fifty, however many are pinned at once', async () => {
  const room = await roomOf(alice);
  const ids: string[] = [];
  for (let n = 0; n < 55; n++) ids.push((await alice.say(room, `${n}`)).id);
  const answers = await Promise.all(ids.map((id) => alice.ask(...pin(id))));
  expect(answers.flatMap(({ errors }) => errors?.[0].extensions.code ?? [])).toEqual(Array(5).fill('CONFLICT'));
  expect(await pins(alice, room)).toHaveLength(50);
  await expectSound(world.node, room);
});
