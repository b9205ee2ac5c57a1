import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { usernameKey } from '../../api/users/username.ts';
import { openWorld, type Person, type World } from '../world.ts';

const SEARCH = `query ($search: String, $first: Int, $after: String, $last: Int, $before: String) {
  users(search: $search, first: $first, after: $after, last: $last, before: $before) {
    nodes { id username displayName }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

let world: World;
let ann: Person;
beforeAll(async () => {
  world = await openWorld();
  ann = await world.person('ann');
  await makeAccounts(['Zoë Quill', 'zoe.quill'], ['Zack', 'quill_z'], ['Per %cent', 'percent'], ['Ольга', 'ольга']);
  await makeAccounts(...Array.from({ length: 110 }, (_, n): [string, string] => ['Twin', `twin${n}`]));
});
afterAll(() => world.close());

async function makeAccounts(...named: [displayName: string, username: string][]) {
  const data = named.map(([displayName, username]) => ({
    displayName,
    username,
    usernameKey: usernameKey(username),
    passwordHash: '-',
  }));
  await world.node.core.db.user.createMany({ data });
}

const search = async (variables: object) => (await ann.graphql(SEARCH, variables)).users;
const names = async (text: string): Promise<string[]> =>
  (await search({ search: text })).nodes.map(({ username }: { username: string }) => username);

test.each([
  ['quill', ['quill_z', 'zoe.quill']],
  ['QUILL', ['quill_z', 'zoe.quill']],
  [' zoë ', ['zoe.quill']],
  ['ОЛЬГ', ['ольга']],
  ['%', ['percent']],
  ['z_', []],
  ['l_z', ['quill_z']],
  ['nobody at all', []],
])('Ann looks for "%s"', async (text, found) => {
  expect(await names(text)).toEqual(found);
});

test('without a text Ann sees everyone, herself included, in order', async () => {
  const { nodes, pageInfo } = await search({ first: 100 });
  expect(nodes).toHaveLength(100);
  expect(pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const shown = nodes.map(({ displayName }: Person & { displayName: string }) => displayName);
  expect(shown.slice(0, 2)).toEqual(['Per %cent', 'Twin']);
});

test.each(['forwards', 'backwards'])('paging %s through a hundred and ten of one name misses none', async (way) => {
  const seen: string[] = [];
  let page = {};
  for (;;) {
    const forwards = way === 'forwards';
    const { nodes, pageInfo } = await search({ search: 'twin', ...(forwards ? { first: 40 } : { last: 40 }), ...page });
    const ids = nodes.map(({ id }: { id: string }) => id);
    seen.splice(forwards ? seen.length : 0, 0, ...ids);
    if (!(forwards ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break;
    page = forwards ? { after: pageInfo.endCursor } : { before: pageInfo.startCursor };
  }
  expect(seen).toHaveLength(110);
  expect(new Set(seen).size).toBe(110);
  expect(seen).toEqual([...seen].sort());
});

test.each([
  { first: 101 },
  { last: 101 },
  { first: 0 },
  { first: -1 },
  { first: 1, last: 1 },
  { after: 'x' },
  { before: '.' },
])('there is no page of %o', async (page) => {
  expect(await ann.refused(SEARCH, page)).toMatchObject({ code: 'INVALID_INPUT' });
});

test('Ann sees Bob by his id, and nobody by another', async () => {
  const bob = await world.person('Bob');
  const document = 'query ($id: ID!) { user(id: $id) { id username displayName createdAt } }';
  const user = { id: bob.id, username: bob.username, displayName: 'Bob', createdAt: expect.stringMatching(/Z$/) };
  expect(await ann.graphql(document, { id: bob.id })).toEqual({ user });
  expect(await ann.graphql(document, { id: bob.id.toUpperCase() })).toEqual({ user });
  for (const id of [randomUUID(), 'bob', '']) {
    expect(await ann.refused(document, { id })).toMatchObject({ code: 'NOT_FOUND' });
  }
});
