import { randomInt, randomUUID } from 'node:crypto';
import argon2 from 'argon2';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AppError } from '../../api/errors.ts';
import { setUpLink } from '../../api/instance/instance.ts';
import { JSON_BODY, Line, post, send } from '../wire.ts';
import { type Node, openWorld, PASSWORD, Person, type World } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';

let world: World;
beforeAll(async () => {
  world = await openWorld({
    TRUSTED_PROXIES: '127.0.0.1, 10.9.9.9',
    LIMIT_LOGIN_FAILURES: '5',
    LIMIT_LOGINS_PER_MINUTE: '20',
    LIMIT_REGISTRATIONS_PER_HOUR: '30',
    LIMIT_MESSAGES_PER_10_SECONDS: '5',
    LIMIT_CHANGES_PER_MINUTE: '4',
    LIMIT_UPLOADS_PER_HOUR: '2',
  });
});
afterAll(() => world.close());

/** An address that nobody else has. */
const somewhere = () => `203.0.${randomInt(256)}.${randomInt(256)}`;
const named = (name: string) => `${name}.${randomUUID().slice(0, 8)}`;

type Outcome = { code: string; retryAfter?: number };

async function ask(address: string, query: string, variables: object, node: Node = world.node): Promise<Outcome> {
  const headers = { ...JSON_BODY, 'x-forwarded-for': address };
  const answer = await send(node, {
    method: 'POST',
    path: '/graphql',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  return answer.json.errors?.[0].extensions ?? { code: 'OK' };
}

const register = (address: string, username: string, node?: Node) =>
  ask(address, REGISTER, { input: { username, password: PASSWORD, cookies: false } }, node);
const logIn = (address: string, username: string, password: string, node?: Node) =>
  ask(address, LOG_IN, { input: { username, password, cookies: false } }, node);
const guess = (address: string, username: string) => logIn(address, username, 'not the password');

/** Somebody who registered from an address of their own. */
async function person(name: string): Promise<Person> {
  const body = `mutation { register(input: { username: "${named(name)}", password: "${PASSWORD}", cookies: false }) {
    accessToken viewer { id } } }`;
  const { accessToken, viewer } = (await post(world.node, body, { 'x-forwarded-for': somewhere() })).json.data.register;
  return new Person(world.node, { name, id: viewer.id, accessToken });
}

async function times<Result>(number: number, work: (n: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let n = 0; n < number; n++) results.push(await work(n));
  return results;
}

const codes = (outcomes: Outcome[]) => outcomes.map(({ code }) => code);
const repeated = (number: number, code: string) => Array.from({ length: number }, () => code);
const LATER = { code: 'RATE_LIMITED', retryAfter: expect.any(Number) };

test('after five wrong passwords for Ann from one address, that address waits; Ann elsewhere does not', async () => {
  const [ann, bob] = [named('ann'), named('bob')];
  const [here, there] = [somewhere(), somewhere()];
  for (const name of [ann, bob]) await register(there, name);
  expect(codes(await times(5, () => guess(here, ann)))).toEqual(repeated(5, 'UNAUTHENTICATED'));
  const refusal = await guess(here, ann);
  expect(refusal).toMatchObject(LATER);
  expect(refusal.retryAfter).toBeGreaterThan(0);
  expect(refusal.retryAfter).toBeLessThanOrEqual(15 * 60);
  expect(await logIn(here, ann, PASSWORD)).toMatchObject(LATER);
  expect(await logIn(there, ann, PASSWORD)).toEqual({ code: 'OK' });
  expect(await logIn(here, bob, PASSWORD)).toEqual({ code: 'OK' });
});

test('the same name in another dress is the same account', async () => {
  const [carl, here] = [named('carl'), somewhere()];
  const dresses = [carl, carl.toUpperCase(), ` ${carl} `, carl.replace('c', 'ｃ'), carl.replace('c', 'с')];
  await times(5, (n) => guess(here, dresses[n] ?? ''));
  expect(await guess(here, carl)).toMatchObject(LATER);
});

test('an unknown name is limited as a known one is', async () => {
  const [nobody, here] = [named('nobody'), somewhere()];
  expect(codes(await times(6, () => guess(here, nobody)))).toEqual([...repeated(5, 'UNAUTHENTICATED'), 'RATE_LIMITED']);
});

test('guessing all at once gains nothing', async () => {
  const [dora, here] = [named('dora'), somewhere()];
  await register(somewhere(), dora);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const verify = vi.spyOn(argon2, 'verify').mockImplementation(() => released.then(() => false));
  const waiting = new Set<Promise<Outcome>>();
  for (let n = 0; n < 15; n++) waiting.add(guess(here, dora));
  for (let refused = 0; refused < 10; refused++) {
    const [outcome, which] = await Promise.race([...waiting].map(async (one) => [await one, one] as const));
    expect(outcome).toMatchObject(LATER);
    waiting.delete(which);
  }
  verify.mockRestore();
  expect(await logIn(here, dora, PASSWORD)).toMatchObject(LATER);
  release();
  expect(codes(await Promise.all(waiting))).toEqual(repeated(5, 'UNAUTHENTICATED'));
});

test('a document of many guesses ends at the first that is wrong', async () => {
  const [eve, here] = [named('eve'), somewhere()];
  await register(here, eve);
  const one = (password: string) =>
    `logIn(input: { username: "${eve}", password: "${password}", cookies: false }) { accessToken }`;
  const query = `mutation { first: ${one('wrong')} second: ${one(PASSWORD)} }`;
  expect(await post(world.node, query, { 'x-forwarded-for': here })).toMatchObject({
    json: { data: null, errors: [{ path: ['first'], extensions: { code: 'UNAUTHENTICATED' } }] },
  });
});

test('who could not even wait for the password to be looked at has lost no try', async () => {
  const [flo, here] = [named('flo'), somewhere()];
  await register(here, flo);
  const busy = vi.spyOn(argon2, 'verify').mockRejectedValue(new AppError('RATE_LIMITED', 'Too many people.'));
  expect(codes(await times(7, () => logIn(here, flo, PASSWORD)))).toEqual(repeated(7, 'RATE_LIMITED'));
  busy.mockRestore();
  expect(await logIn(here, flo, PASSWORD)).toEqual({ code: 'OK' });
});

test('the right password forgives the wrong ones', async () => {
  const [fay, here] = [named('fay'), somewhere()];
  await register(here, fay);
  await times(4, () => guess(here, fay));
  expect(await logIn(here, fay, PASSWORD)).toEqual({ code: 'OK' });
  expect(codes(await times(5, () => guess(here, fay)))).toEqual(repeated(5, 'UNAUTHENTICATED'));
});

test('twenty logins a minute come from one address, whosever they are', async () => {
  const here = somewhere();
  const outcomes = await times(21, () => guess(here, named('x')));
  expect(codes(outcomes)).toEqual([...repeated(20, 'UNAUTHENTICATED'), 'RATE_LIMITED']);
  expect(outcomes.at(-1)?.retryAfter).toBeLessThanOrEqual(60);
  expect(await guess(somewhere(), named('x'))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a class of thirty registers from one address in one lesson, and then signs in; the thirty-first waits', async () => {
  const here = somewhere();
  const pupils = Array.from({ length: 31 }, () => named('pupil'));
  const outcomes = await times(31, (n) => register(here, pupils[n] ?? ''));
  expect(codes(outcomes)).toEqual([...repeated(30, 'OK'), 'RATE_LIMITED']);
  expect(outcomes.at(-1)?.retryAfter).toBeLessThanOrEqual(3_600);
  expect(await logIn(here, pupils[0] ?? '', PASSWORD)).toEqual({ code: 'OK' });
  expect(await register(somewhere(), pupils[30] ?? '')).toEqual({ code: 'OK' });
});

test('the set-up link is not guessed forever', async () => {
  const here = somewhere();
  const SET_UP = 'mutation ($input: SetUpInput!) { setUp(input: $input) { accessToken } }';
  const input = { username: 'mallory', password: PASSWORD, token: 'made up', cookies: false };
  const outcomes = await times(21, () => ask(here, SET_UP, { input }));
  expect(codes(outcomes)).toEqual([...repeated(20, 'FORBIDDEN'), 'RATE_LIMITED']);
  expect(await setUpLink(world.node.core)).not.toBeNull();
});

test('Gil sends five messages in ten seconds and is told when to go on; Hana is not in his way', async () => {
  const [gil, hana] = [await person('gil'), await person('hana')];
  const room = await gil.createRoom();
  await hana.join(room);
  await times(5, (n) => gil.say(room, `message ${n}`));
  const document = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
  const sixth = await gil.refused(document, { input: { id: randomUUID(), roomId: room, body: 'one more' } });
  expect(sixth).toMatchObject(LATER);
  expect(await hana.say(room, 'mine')).toMatchObject({ body: 'mine' });
  const line = new Line(world.node);
  await line.init(gil.accessToken);
  const frame = await line.ask(document, { variables: { input: { id: randomUUID(), roomId: room, body: 'here' } } });
  expect(frame.payload.errors[0].extensions).toMatchObject(LATER);
  line.close();
});

test('Limit, rest and reset in each answer; login, send, join and upload limited.', async () => {
  const [liv, max] = [await person('liv'), await person('max')];
  const rooms = [await max.createRoom(), await max.createRoom()];
  const address = { 'x-forwarded-for': somewhere() };
  const login = await post(
    world.node,
    `mutation { logIn(input: { username: "${named('x')}", password: "y" }) { accessToken } }`,
    address,
  );
  expect(login.json.extensions.rateLimits).toEqual([
    { name: 'loginsPerMinute', limit: 20, rest: 19, reset: expect.any(Number) },
    { name: 'loginFailures', limit: 5, rest: 4, reset: expect.any(Number) },
  ]);
  expect(login.headers['ratelimit-policy']).toBe('"loginsPerMinute";q=20;w=60, "loginFailures";q=5;w=900');
  expect(login.headers.ratelimit).toMatch(/^"loginsPerMinute";r=19;t=\d+, "loginFailures";r=4;t=\d+$/);

  const own = { ...JSON_BODY, authorization: `Bearer ${liv.accessToken}` };
  const rest = await send(world.node, {
    method: 'POST',
    path: '/room/join/',
    body: JSON.stringify({ room_id: rooms[0] }),
    headers: own,
  });
  expect(rest).toMatchObject({ status: 200, headers: { 'ratelimit-policy': '"changesPerMinute";q=4;w=60' } });
  expect(rest.headers.ratelimit).toMatch(/^"changesPerMinute";r=3;t=\d+$/);
  const says = () =>
    `mutation { sendMessage(input: { id: "${randomUUID()}", roomId: "${rooms[0]}", body: "x" }) { id } }`;
  const sent = await post(world.node, says(), own);
  expect(sent.json.extensions.rateLimits).toEqual([
    { name: 'messagesPer10Seconds', limit: 5, rest: 4, reset: expect.any(Number) },
  ]);
  expect(sent.headers['retry-after']).toBeUndefined();
  const line = new Line(world.node);
  await line.init(liv.accessToken);
  expect((await line.ask(says())).payload.extensions.rateLimits[0]).toMatchObject({ limit: 5, rest: 3 });
  await times(3, () => line.ask(says()));
  const refusal = {
    code: 'RATE_LIMITED',
    limit: 5,
    rest: 0,
    reset: expect.any(Number),
    retryAfter: expect.any(Number),
  };
  const late = (await line.ask(says())).payload;
  expect(late).toMatchObject({
    errors: [{ extensions: refusal }],
    extensions: { rateLimits: [{ limit: 5, rest: 0 }] },
  });
  const over = await post(world.node, says(), own);
  expect(over.json.errors[0].extensions).toEqual(refusal);
  expect(over.headers['retry-after']).toBe(String(over.json.errors[0].extensions.retryAfter));
  line.close();

  const upload = `mutation { createUpload(input: { roomId: "${rooms[0]}", name: "a.txt", size: 1 }) { id } }`;
  expect((await post(world.node, upload, own)).headers['ratelimit-policy']).toBe('"uploadsPerHour";q=2;w=3600');
  const [, third] = [await post(world.node, upload, own), await post(world.node, upload, own)];
  expect(third.json.errors[0].extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 2, rest: 0 });
  const joining = `mutation { joinRoom(id: "${rooms[1]}") { id } }`;
  const joins = await times(4, () => post(world.node, joining, own));
  expect(joins.map(({ json }) => json.extensions.rateLimits[0].rest)).toEqual([2, 1, 0, 0]);
  expect(joins.at(-1)?.json.errors[0].extensions.code).toBe('RATE_LIMITED');
  const oldJoin = await send(world.node, {
    method: 'POST',
    path: '/room/join/',
    body: JSON.stringify({ room_id: rooms[1] }),
    headers: own,
  });
  expect(oldJoin).toMatchObject({
    status: 429,
    headers: { 'retry-after': expect.any(String), ratelimit: expect.stringMatching(/r=0/) },
  });
  expect((await post(world.node, '{ viewer { id } }', own)).headers.ratelimit).toBeUndefined();
});

test('Ivo makes four rooms a minute and no more', async () => {
  const ivo = await person('ivo');
  await times(4, () => ivo.createRoom());
  const input = { name: named('fifth') };
  const create = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
  expect(await ivo.refused(create, { input })).toMatchObject(LATER);
});

test('the nearest address that no proxy of ours has is the one that counts', async () => {
  const [here, name] = [somewhere(), named('kim')];
  const chains = [
    here,
    `198.51.100.1, ${here}`,
    `${here}, 10.9.9.9`,
    ` 1.2.3.4 , ${here} , 127.0.0.1 `,
    `::ffff:${here}`,
  ];
  await times(5, (n) => guess(chains[n] ?? '', name));
  expect(await guess(here, name)).toMatchObject(LATER);
});

test('what is no address counts as the proxy’s own', async () => {
  const name = named('lea');
  await times(5, (n) => guess(['', 'unknown', 'evil', '1.2.3', `${named('x')}`][n] ?? '', name));
  expect(await guess('nonsense', name)).toMatchObject(LATER);
  expect(await guess(somewhere(), name)).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('from whom is no proxy, X-Forwarded-For is not believed', async () => {
  const direct = await openWorld({ LIMIT_LOGIN_FAILURES: '5' });
  const name = named('mallory');
  const outcomes = await times(6, () => logIn(somewhere(), name, 'not the password', direct.node));
  expect(codes(outcomes)).toEqual([...repeated(5, 'UNAUTHENTICATED'), 'RATE_LIMITED']);
  await direct.close();
});

test('two nodes count together', async ({ skip }) => {
  if (!world.clustered) return skip('one node is all there is here');
  const [second, name, here] = [await world.anotherNode(), named('nia'), somewhere()];
  await times(3, () => guess(here, name));
  await times(2, () => logIn(here, name, 'not the password', second));
  expect(await logIn(here, name, PASSWORD, second)).toMatchObject(LATER);
  expect(await guess(here, name)).toMatchObject(LATER);
});
