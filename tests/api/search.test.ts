import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { edit, people, roomOf, unsend } from '../rooms.ts';
import { openWorld, type Person, type World } from '../world.ts';

let world: World;
let ana: Person;
let ben: Person;
let mallory: Person;
let garden: string;
beforeAll(async () => {
  world = await openWorld();
  ({ ana, ben, mallory } = await people(world, 'ana', 'ben', 'mallory'));
  garden = await roomOf(ana, ben);
});
afterAll(() => world.close());

const SEARCH = `query ($text: String!, $roomId: ID, $first: Int, $after: String, $last: Int, $before: String) {
  search(text: $text, roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {
    nodes { message { id body roomId author { id } } excerpt { text isMatch } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }`;
const search = async (person: Person, text: string, rest = {}) =>
  (await person.graphql(SEARCH, { text, ...rest })).search;
const bodies = async (person: Person, text: string, rest = {}): Promise<string[]> =>
  (await search(person, text, rest)).nodes.map((found: any) => found.message.body);

describe('a word from last week', () => {
  test('is found by its beginning, whatever its case, newest first, and marked', async () => {
    await ana.say(garden, 'the Tomatoes are ripe');
    await ben.say(garden, 'no tomato today');
    const { nodes } = await search(ben, 'tomat');
    expect(nodes.map(({ message }: any) => message.body)).toEqual(['no tomato today', 'the Tomatoes are ripe']);
    expect(nodes[1].excerpt).toEqual([
      { text: 'the ', isMatch: false },
      { text: 'Tomatoes', isMatch: true },
      { text: ' are ripe', isMatch: false },
    ]);
    expect(await bodies(ben, 'omato')).toEqual([]);
  });

  test('is found together with others, in any order; in quotes they stand as they are', async () => {
    await ana.say(garden, 'water the roses before noon');
    await ana.say(garden, 'roses like water');
    expect(await bodies(ana, 'water roses')).toEqual(['roses like water', 'water the roses before noon']);
    expect(await bodies(ana, '"like water"')).toEqual(['roses like water']);
    expect(await bodies(ana, '"water roses"')).toEqual([]);
    expect(await bodies(ana, 'roses "the roses" wat')).toEqual(['water the roses before noon']);
  });

  test.each([
    ['Привет всем', 'прив'],
    ['مرحبا بالجميع', 'مرحبا'],
    ['żółta łódź', 'łódź'],
    ['see https://example.org/roses-in-june', 'example.org'],
  ])('is found in any language: %s', async (body, word) => {
    await ben.say(garden, body);
    expect(await bodies(ana, word)).toEqual([body]);
  });

  test('is found as it is now: edited words are, deleted ones are not', async () => {
    const { id } = await ana.say(garden, 'cucumbers');
    await ana.graphql(...edit(id, 'gherkins'));
    expect([await bodies(ana, 'cucumber'), await bodies(ana, 'gherkin')]).toEqual([[], ['gherkins']]);
    await ana.graphql(...unsend(id));
    expect(await bodies(ana, 'gherkin')).toEqual([]);
  });
});

describe('what narrows a search', () => {
  test('is who wrote it', async () => {
    await ana.say(garden, 'compost from ana');
    await ben.say(garden, 'compost from ben');
    expect(await bodies(ana, `compost from:${ben.username}`)).toEqual(['compost from ben']);
    expect(await bodies(ana, `compost from:@${ben.username.toUpperCase()}`)).toEqual(['compost from ben']);
    expect(await bodies(ana, 'compost from:me')).toEqual(['compost from ana']);
    expect(await bodies(ana, 'compost from:nobody')).toEqual([]);
  });

  test('is the room, by its name or by its id', async () => {
    const shed = await ana.createRoom({ name: 'shed' });
    const { room } = await ana.graphql('query ($id: ID!) { room(id: $id) { name } }', { id: shed });
    await ana.say(shed, 'rake in the shed');
    await ana.say(garden, 'rake in the garden');
    expect(await bodies(ana, `rake in:"${room.name}"`)).toEqual(['rake in the shed']);
    expect(await bodies(ana, `rake in:#${room.name}`)).toEqual(['rake in the shed']);
    expect(await bodies(ana, 'rake', { roomId: shed })).toEqual(['rake in the shed']);
  });

  test('is the day', async () => {
    await ana.say(garden, 'a day in the calendar');
    const day = (distance: number) => new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10);
    expect(await bodies(ana, `calendar after:${day(-2)} before:${day(2)}`)).toHaveLength(1);
    expect(await bodies(ana, `calendar before:${day(-2)}`)).toEqual([]);
    expect(await bodies(ana, `calendar after:${day(2)}`)).toEqual([]);
  });

  test('is a word where it is none of these', async () => {
    await ana.say(garden, 'note: before:lunch has:beans');
    for (const text of ['before:lunch', 'has:beans', 'note:']) {
      expect(await bodies(ana, text)).toEqual(['note: before:lunch has:beans']);
    }
  });
});

test('of a long text the part around the match is shown', async () => {
  await ana.say(garden, `${'earth '.repeat(60)}truffle${' earth'.repeat(60)}`);
  const [found] = (await search(ana, 'truffle')).nodes;
  const shown = found.excerpt.map(({ text }: any) => text).join('');
  expect(shown).toMatch(/^…(earth ){2,12}truffle( earth){2,60}.*…$/);
  expect(shown.length).toBeLessThan(260);
});

test('nobody finds what they cannot read: not a stranger, not who has left', async () => {
  const room = await roomOf(ana, ben);
  await ana.say(room, 'a secret radish');
  expect(await bodies(mallory, 'radish')).toEqual([]);
  expect(await mallory.refused(SEARCH, { text: 'radish', roomId: room })).toMatchObject({ code: 'NOT_FOUND' });
  await ben.graphql('mutation ($id: ID!) { leaveRoom(id: $id) }', { id: room });
  expect(await bodies(ben, 'radish')).toEqual([]);
  expect(await bodies(ana, 'radish')).toEqual(['a secret radish']);
});

test('pages go on both ways without a repeat or a hole', async () => {
  const room = await roomOf(ana);
  const all = Array.from({ length: 7 }, (_, n) => `leek ${n}`);
  for (const body of all) await ana.say(room, body);
  all.reverse();
  const first = await search(ana, 'leek', { first: 3 });
  const second = await search(ana, 'leek', { first: 3, after: first.pageInfo.endCursor });
  const third = await search(ana, 'leek', { first: 3, after: second.pageInfo.endCursor });
  expect([first, second, third].flatMap(({ nodes }) => nodes.map(({ message }: any) => message.body))).toEqual(all);
  expect([first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false]);
  const back = await bodies(ana, 'leek', { last: 2, before: third.pageInfo.startCursor });
  expect(back).toEqual(all.slice(4, 6));
});

test.each(['', '   ', '"', '""', 'before:2026-01-01'])('%j is refused: there is nothing to look for', async (text) => {
  expect(await ana.refused(SEARCH, { text })).toMatchObject({ code: 'INVALID_INPUT' });
});

test.each([
  "it's",
  "'",
  '\\',
  ':*',
  '& | !',
  '(',
  '<->',
  '%_',
  '🌱',
  'a"b',
  "'; DROP TABLE entry; --",
  'x'.repeat(200),
])('%j is looked for as it stands', async (text) => {
  expect(Array.isArray(await bodies(ana, text))).toBe(true);
});

test('a cursor that is none, and more than 200 characters, are refused', async () => {
  for (const rest of [{ after: 'x' }, { after: '1.x' }, { before: '\0' }]) {
    expect(await ana.refused(SEARCH, { text: 'leek', ...rest })).toMatchObject({ code: 'INVALID_INPUT' });
  }
  expect(await ana.refused(SEARCH, { text: 'x'.repeat(201) })).toMatchObject({ code: 'INVALID_INPUT' });
});

// The million takes a minute and a half to fill in: `npm run bench pages search` reads and searches rooms of that size.
// Here are 200 people and 10,000 messages, and the last and the first of both.
test('200 users and 1,000,000 messages: nothing hidden, no banner.', async () => {
  const room = await roomOf(ana);
  await fill(room);
  const names = new Set<string>();
  for (let page: any = { hasNextPage: true, endCursor: null }; page.hasNextPage; ) {
    const { members } = (await ana.graphql(MEMBERS, { id: room, after: page.endCursor })).room;
    for (const { user } of members.nodes) names.add(user.username);
    page = members.pageInfo;
  }
  expect(names.size).toBe(200);
  expect(names).toContain('neighbour.199');
  const { first, last } = (await ana.graphql(ENDS, { id: room })).room;
  expect([first.nodes[0].body, last.nodes[0].body]).toEqual(['message number1', 'message number10000']);
  expect(first.pageInfo.hasPreviousPage).toBe(false);
  expect(await bodies(ana, 'number1', { roomId: room, first: 1 })).toEqual(['message number10000']);
  expect(await bodies(ana, '"number1"', { roomId: room })).toEqual(['message number1']);
  await ana.say(room, 'and one more');
});

const MEMBERS = `query ($id: ID!, $after: String) { room(id: $id) { members(first: 100, after: $after) {
  nodes { user { username } } pageInfo { hasNextPage endCursor } } } }`;
const ENDS = `query ($id: ID!) { room(id: $id) {
  first: messages(first: 1) { nodes { body } pageInfo { hasPreviousPage } } last: messages(last: 1) { nodes { body } } } }`;

/** As if 199 more people had come and Ana had written for years. */
async function fill(room: string) {
  const { db } = world.node.core;
  const at = (await db.room.findUniqueOrThrow({ where: { id: room } })).lastSeq;
  await db.$executeRaw`
    WITH came AS (
      INSERT INTO "user" (id, username, username_key, display_name, password_hash)
      SELECT gen_random_uuid(), 'neighbour.' || n, 'neighbour.' || n, 'Neighbour ' || n, '' FROM generate_series(1, 199) n
      RETURNING id)
    INSERT INTO membership (room_id, user_id, joined_seq) SELECT ${room}::uuid, id, ${at}::int FROM came`;
  await db.$executeRaw`
    INSERT INTO entry (room_id, seq, id, kind, actor_id, body, created_at, ordinal, changed_seq)
    SELECT ${room}::uuid, ${at}::int + n, gen_random_uuid(), 'MESSAGE', ${ana.id}::uuid, 'message number' || n,
      now() - (10000 - n) * interval '1 hour', n, ${at}::int + n
    FROM generate_series(1, 10000) n`;
  const lastSeq = at + 10_000;
  await db.room.update({
    where: { id: room },
    data: { lastSeq, lastMessageSeq: lastSeq, messageCount: 10_000 },
  });
}
