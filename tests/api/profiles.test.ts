import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, listMessages, people, roomOf } from '../rooms.ts';
import { openWorld, type World } from '../world.ts';

const UPDATE = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { displayName colour } }';
const CHANGED = 'subscription { peopleChanged { userId user { id username displayName colour } } }';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const change = (input: object): [string, object] => [UPDATE, { input }];

test('a new name of Ann shows in what she wrote before, in the members and in what is read again', async () => {
  const { ann, bob } = await people(world, 'ann', 'bob');
  const room = await roomOf(bob, ann);
  const { seq } = await ann.say(room, 'hello');
  await bob.follow(room, { after: 0 }).upTo((event) => event.seq === seq);
  expect(await ann.graphql(...change({ displayName: 'Ann the Great', colour: 7 }))).toEqual({
    updateProfile: { displayName: 'Ann the Great', colour: 7 },
  });
  const page = await bob.graphql(...listMessages(room));
  expect(page.room.messages.nodes[0].author.displayName).toBe('Ann the Great');
  const again = await bob.follow(room, { after: 0 }).upTo((event) => event.seq === seq);
  expect(again.at(-1).message.author.displayName).toBe('Ann the Great');
  bob.disconnect();
});

test('whoever listens learns of the new name of Cleo and of her colour, on every node', async () => {
  const { cleo, dan } = await people(world, 'cleo', 'dan');
  const there = world.clustered ? dan.at(await world.anotherNode()) : dan;
  const changes = there.subscribe(CHANGED);
  const user = { id: cleo.id, username: cleo.username, displayName: 'Cleopatra', colour: 2 };
  const told = changes.next();
  let over = false;
  void told.then(() => (over = true));
  while (!over) await cleo.graphql(...change({ displayName: 'Cleopatra', colour: 2 }));
  expect(await told).toEqual({ userId: cleo.id, user });
  there.disconnect();
});

test('what is left out of a change stays, and null takes the colour back', async () => {
  const eve = await world.person('eve');
  await eve.graphql(...change({ colour: 0 }));
  await eve.graphql(...change({ displayName: 'Eve' }));
  expect((await eve.graphql(...change({}))).updateProfile).toEqual({ displayName: 'Eve', colour: 0 });
  expect((await eve.graphql(...change({ colour: null }))).updateProfile.colour).toBeNull();
});

test.each([
  ['an empty name', { displayName: ' ' }, 'displayName'],
  ['a name that is too long', { displayName: 'x'.repeat(61) }, 'displayName'],
  ['a name of two lines', { displayName: 'a\nb' }, 'displayName'],
  ['a name that runs backwards', { displayName: '\u202enna' }, 'displayName'],
  ['a name with letters of no width', { displayName: 'An\u200bn' }, 'displayName'],
  ['a joiner between letters that do not join', { displayName: 'An\u200dn' }, 'displayName'],
  ['a name that is a filler', { displayName: '\u3164' }, 'displayName'],
  ['a name of tags', { displayName: 'Ann\u{e0041}' }, 'displayName'],
  ['a colour below the first', { colour: -1 }, 'colour'],
  ['a colour beyond the last', { colour: 12 }, 'colour'],
])('there is no profile with %s', async (_, input, field) => {
  const flo = await world.person('flo');
  const refusal = await flo.refused(...change(input));
  expect(refusal).toMatchObject({ code: 'INVALID_INPUT', fields: { [field]: [expect.any(String)] } });
});

test.each(['Zoë', 'می\u200cخواهم', 'क्\u200dष', 'Ann 👩\u200d👩\u200d👧', '❤\ufe0f', '1\ufe0f\u20e3'])(
  'there is a profile of %s',
  async (name) => {
    const ivo = await world.person('ivo');
    expect((await ivo.graphql(...change({ displayName: name }))).updateProfile.displayName).toBe(name);
  },
);

test('Gil, who joins later, is told under which name people wrote', async () => {
  const { hana, gil } = await people(world, 'hana', 'gil');
  const room = await hana.createRoom();
  await hana.say(room, 'first');
  await hana.graphql(...change({ displayName: 'Hana II' }));
  await gil.graphql(...join(room));
  const { message } = (await gil.follow(room, { after: 0 }).upTo((event) => event.message)).at(-1);
  expect(message.author.displayName).toBe('Hana II');
  gil.disconnect();
});
