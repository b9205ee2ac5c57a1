import { getIntrospectionQuery } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Line, post } from '../wire.ts';
import { openWorld, type Person, type World } from '../world.ts';

const NAME = '{ server { name } }';

let world: World;
let ann: Person;
let line: Line;
beforeAll(async () => {
  world = await openWorld();
  ann = await world.person('ann');
  line = new Line(world.node);
  await line.init(ann.accessToken);
});
afterAll(async () => {
  line.close();
  await world.close();
});

interface More {
  variables?: object;
  operationName?: string;
}
type Result = { data?: any; errors?: any[] };

const WAYS: Record<string, (query: string, more?: More) => Promise<Result>> = {
  'over HTTP': async (query, more) => {
    const answer = await ann.post('/graphql', JSON.stringify({ query, ...more }));
    expect(answer.status).toBeLessThan(500);
    return (await answer.json()) as Result;
  },
  'over a socket': async (query, more) => {
    const { type, payload } = await line.ask(query, more);
    return type === 'error' ? { errors: payload } : payload;
  },
};

/** Every case, on each of the ways in which a document can come. */
const everyWay = <Case extends unknown[]>(cases: Case[]) =>
  Object.keys(WAYS).flatMap((way) => cases.map((each): [string, ...Case] => [way, ...each]));

const ask = (way: string, query: string, more?: More) => (WAYS[way] as (typeof WAYS)[string])(query, more);

const nested = (levels: number) => `${'{ a '.repeat(levels)}${'} '.repeat(levels)}`;
const aliases = (number: number) => Array.from({ length: number }, (_, n) => `a${n}: __typename`).join(' ');
const chain = (length: number, last: string) =>
  Array.from({ length }, (_, n) => `fragment F${n} on Server { ${n + 1 < length ? `...F${n + 1}` : last} }`).join(' ');
const PAGE = 'messages(first: 100) { nodes { id body seq author { id username displayName } } }';

describe('A deep or wide query is refused with its cost, quickly.', () => {
  test.each(
    everyWay([
      ['a thousand and one tokens', `{ server { ${'name '.repeat(1_000)} } }`, 'tokens'],
      ['ten thousand aliases', `{ server { ${'a:name '.repeat(9_000)} } }`, 'tokens'],
      ['five thousand fragments', `{ server { ...F0 } } ${chain(1_200, 'name')}`, 'tokens'],
      ['eleven levels', nested(11), '10 levels'],
      ['eleven levels within fragments', `{ ...A } fragment A on Query ${nested(11)}`, '10 levels'],
      ['sixteen aliases', `{ server { name } ${aliases(16)} }`, '15 aliases'],
      [
        'sixteen aliases within fragments',
        `{ ...A ...B } fragment A on Query { ${aliases(8)} } fragment B on Query { ${aliases(8)} }`,
        '15 aliases',
      ],
      ['six directives', `{ server { ${'name @include(if: true) '.repeat(6)} } }`, '5 directives'],
      ['a fragment that contains itself', '{ server { ...A } } fragment A on Server { name ...A }', 'itself'],
      ['fragments that contain each other', `{ server { ...F0 } } ${chain(40, 'name ...F0')}`, 'itself'],
      ['a great cost', `{ viewer { rooms { ${PAGE} } } }`, '5000 is the most'],
      [
        'a great cost in many small parts',
        `{ ${Array.from({ length: 15 }, (_, n) => `a${n}: users(first: 100) { nodes { id username displayName createdAt } }`).join(' ')} }`,
        '5000 is the most',
      ],
      [
        'introspection within introspection',
        `{ __schema { types ${'{ fields { type '.repeat(4)}{ name }${' } }'.repeat(4)} } }`,
        'introspection',
      ],
    ]),
  )('%s, a document of %s is refused', async (way, _, query, why) => {
    const { data, errors } = await ask(way, query);
    expect(Object.values(data ?? {}).filter(Boolean)).toEqual([]);
    expect(errors?.map(({ message }) => message).join(' ')).toContain(why);
    for (const { extensions } of errors ?? []) expect(extensions).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await ask(way, NAME)).toEqual({ data: { server: { name: 'shh' } } });
  });
});

test.each(
  everyWay([
    ['three hundred tokens', `{ server { ${'name '.repeat(296)} } }`],
    ['fifteen aliases', `{ ${aliases(15)} }`],
    ['five directives', `{ server { ${'name @include(if: true) '.repeat(5)} } }`],
    ['a hundred fragments', `{ server { ...F0 } } ${chain(100, 'name')}`],
    [
      'all the levels that there are',
      '{ viewer { rooms { messages(last: 1) { edges { node { author { id } } } } } } }',
    ],
    [
      'a list of rooms',
      `{ viewer { rooms { id name lastMessage { body author { username } } members(first: 20) { nodes { user { username } } } } } }`,
    ],
    ['a page of messages', `{ users(first: 100) { nodes { id username displayName createdAt } } }`],
    ['introspection', getIntrospectionQuery({ inputValueDeprecation: true, descriptions: true })],
  ]),
)('%s, a document of %s is answered', async (way, _, query) => {
  const { data, errors } = await ask(way, query);
  expect(errors).toBeUndefined();
  expect(Object.keys(data)).not.toEqual([]);
});

test('what server this is may be asked twice at one time', async () => {
  const twice = await world.stranger().graphql('{ one: server { name pushKey } two: server { name pushKey } }');
  expect(twice.one).toEqual(twice.two);
});

test('Each refusal has a stable code, a sentence, and what to do.', async () => {
  const [ann, bob] = [await world.person('ann'), await world.person('bob')];
  const room = await ann.createRoom();
  await bob.join(room);
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
  const { id } = await ann.say(room, 'mine');
  const refusals = await Promise.all([
    world.stranger().refused('{ users { nodes { id } } }'),
    bob.refused('mutation ($id: ID!) { deleteRoom(id: $id) }', { id: room }),
    bob.refused('query ($id: ID!) { room(id: $id) { id } }', { id: bob.id }),
    bob.refused(send, { input: { id: 'no uuid', roomId: room, body: 'hello' } }),
    bob.refused(send, { input: { id, roomId: room, body: 'hello' } }),
  ]);
  expect(refusals.map(({ code }) => code)).toEqual([
    ...['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'CONFLICT'],
  ]);
  for (const { message } of refusals) expect(message).toMatch(/^[A-Z].* .*\.$/);
  expect(refusals[0]?.message).toBe('Sign in first.');
  expect(refusals[3]?.fields).toEqual({ id: ['The id must be a UUID.'] });
  expect(refusals[4]?.message).toContain('Choose a new one');
});

test('introspection needs no session', async () => {
  const { __schema } = await world.stranger().graphql(getIntrospectionQuery());
  expect(__schema.queryType.name).toBe('Query');
});

test('many who ask in the same moment what server this is are all told', async () => {
  const frames = Array.from({ length: 20 }, (_, n) => ({
    id: `same-${n}`,
    type: 'subscribe',
    payload: { query: NAME },
  }));
  await line.send(...frames);
  const waiting = new Set(frames.map(({ id }) => id));
  while (waiting.size > 0) {
    const { id, payload } = await line.next(({ type }) => type === 'next');
    expect(payload).toEqual({ data: { server: { name: 'shh' } } });
    waiting.delete(id);
  }
});

const ROOM = 'query ($id: ID!, $first: Int) { room(id: $id) { messages(first: $first) { nodes { id } } } }';
const CREATE = 'mutation ($kind: RoomKind!) { createRoom(input: { name: "x", kind: $kind }) { id } }';
const SEARCH =
  'query ($search: String, $after: String, $first: Int) { users(search: $search, after: $after, first: $first) { nodes { id } } }';
const TWO = 'query A { server { name } } query B { server { name } }';

test.each(
  everyWay<[string, string, More]>([
    ['nothing', '', {}],
    ['only a comment', '# nothing', {}],
    ['half a document', '{ server {', {}],
    ['words', 'please give me everything', {}],
    ['a control character', '{ \u0000 }', {}],
    ['an unknown field', '{ passwords }', {}],
    ['an unknown argument', '{ server(x: 1) { name } }', {}],
    ['an unknown fragment', '{ server { ...Nothing } }', {}],
    ['a type definition', 'type Query { hello: String }', {}],
    [
      'a field twice with different arguments',
      '{ users(first: 1) { nodes { id } } users(first: 2) { nodes { id } } }',
      {},
    ],
    ['an operation that is not in it', TWO, { operationName: 'C' }],
    ['two operations without a choice', TWO, {}],
    ['a missing variable', ROOM, {}],
    ['null for an id', ROOM, { variables: { id: null } }],
    ['an object for an id', ROOM, { variables: { id: { id: 1 } } }],
    ['a list for an id', ROOM, { variables: { id: ['a'] } }],
    ['text for a number', ROOM, { variables: { id: 'a', first: '10' } }],
    ['too great a number', ROOM, { variables: { id: 'a', first: 3_000_000_000 } }],
    ['half a number', ROOM, { variables: { id: 'a', first: 1.5 } }],
    ['an unknown kind', CREATE, { variables: { kind: 'SECRET' } }],
    ['a kind in small letters', CREATE, { variables: { kind: 'public' } }],
    ['a kind that cannot be chosen', CREATE, { variables: { kind: 'DIRECT' } }],
    ['a cursor from nowhere', SEARCH, { variables: { after: 'nowhere' } }],
    ['a page of less than nothing', SEARCH, { variables: { first: -1 } }],
    ['a page of a million', SEARCH, { variables: { first: 1_000_000 } }],
  ]),
)('%s, a document with %s is answered with INVALID_INPUT', async (way, _, query, more) => {
  const { data, errors } = await ask(way, query, more);
  expect(data ?? null).toBeNull();
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(errors?.map(() => 'INVALID_INPUT'));
  expect(errors).not.toEqual([]);
  expect(JSON.stringify(errors)).not.toMatch(/node_modules|"stack|prisma|\.ts:/i);
});

test.each(everyWay([['no\u0000body'], ['\ud800'], ['%'], ['_'], ["' OR 1=1 --"], ['\\'], ['x'.repeat(10_000)]]))(
  '%s, looking for "%s" finds nobody and breaks nothing',
  async (way, search) => {
    const { users, publicRooms } = (await ask(way, SEARCHES, { variables: { search } })).data;
    expect({ users, publicRooms }).toEqual({ users: { nodes: [] }, publicRooms: { nodes: [] } });
  },
);
const SEARCHES =
  'query ($search: String) { users(search: $search) { nodes { id } } publicRooms(search: $search) { nodes { id } } }';

test('what takes longer than five seconds is answered as unavailable', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const holding = world.node.core.db.$transaction(async (db) => {
    await db.$executeRaw`LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE`;
    await released;
  });
  const logIn = `mutation { logIn(input: { username: "x", password: "x", cookies: false }) { accessToken } }`;
  expect(await world.stranger().refused(logIn)).toMatchObject({ code: 'UNAVAILABLE' });
  release();
  await holding;
});

test.each(Object.keys(WAYS))('%s, a bug is answered without its details', async (way) => {
  const said = listen();
  const { errors } = await withoutColumn('user', 'display_name', () => ask(way, '{ users { nodes { displayName } } }'));
  expect(errors).toHaveLength(1);
  expect(errors?.[0]).toMatchObject({
    message: 'Something went wrong on the server. Try again.',
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
  expect(Object.keys(errors?.[0].extensions)).toEqual(['code']);
  expect(JSON.stringify(errors)).not.toMatch(/prisma|display_name|exist|node_modules/i);
  expect(said.join('')).toContain('graphql.bug');
  expect(await ask(way, NAME)).toEqual({ data: { server: { name: 'shh' } } });
});

test('a bug before the document is reached is answered without its details too', async () => {
  listen();
  const [answer, closing] = await withoutColumn('session', 'revoked_at', async () => {
    const late = new Line(world.node);
    late.init(ann.accessToken).catch(() => {});
    return [await post(world.node, NAME, { authorization: `Bearer ${ann.accessToken}` }), await late.closing];
  });
  const message = 'Something went wrong on the server. Try again.';
  expect(answer).toMatchObject({
    status: 500,
    json: { errors: [{ message, extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
  });
  expect(closing).toEqual({ code: 1013, reason: message });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the process writes from now on, instead of writing it. */
function listen(): string[] {
  const said: string[] = [];
  const hear = (...parts: unknown[]) => said.push(parts.map(String).join(' ')) > 0;
  vi.spyOn(process.stderr, 'write').mockImplementation(hear);
  vi.spyOn(process.stdout, 'write').mockImplementation(hear);
  vi.spyOn(console, 'error').mockImplementation(hear);
  vi.spyOn(console, 'warn').mockImplementation(hear);
  vi.spyOn(console, 'log').mockImplementation(hear);
  return said;
}

async function withoutColumn<Result>(table: string, column: string, work: () => Promise<Result>): Promise<Result> {
  const { db } = world.node.core;
  await db.$executeRawUnsafe(`ALTER TABLE "${table}" RENAME COLUMN ${column} TO hidden`);
  return work().finally(() => db.$executeRawUnsafe(`ALTER TABLE "${table}" RENAME COLUMN hidden TO ${column}`));
}
