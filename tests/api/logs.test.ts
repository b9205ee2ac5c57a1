import { expect, test, vi } from 'vitest';
import { Browser, JSON_BODY, Line, post, send } from '../wire.ts';
import { type Node, openWorld, type Person } from '../world.ts';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken refreshToken } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken refreshToken } }';
const CREATE = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';

test('whatever happens, what people write and who they are stays out of the log', async () => {
  const said: string[] = [];
  const hear = (...parts: unknown[]) => said.push(parts.map(describe).join(' ')) > 0;
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(hear);
  for (const level of ['log', 'info', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(hear);
  const secrets = await busyDay().finally(() => vi.restoreAllMocks());
  const log = said.join('\n');
  expect(log.match(/graphql\.bug/g)).toHaveLength(6);
  for (const secret of secrets) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/canary/i);
});

test('who tries what they may not stands in the log: when, what, and whose id', async () => {
  const said: string[] = [];
  const world = await openWorld({ LOG_LEVEL: 'info', LIMIT_LOGIN_FAILURES: '1' });
  vi.spyOn(process.stderr, 'write').mockImplementation((part) => said.push(String(part)) > 0);
  const [ann, bob] = [await world.person('ann'), await world.person('bob')];
  const room = await ann.createRoom();
  await bob.join(room);
  const wrong = { username: ann.username, password: 'not her password', cookies: false };
  for (const username of [ann.username, ann.username, `nobody.${bob.id.slice(-6)}`]) {
    await bob.ask(LOG_IN, { input: { ...wrong, username } });
  }
  await bob.ask('mutation ($id: ID!) { mine: deleteRoom(id: $id) }', { id: room });
  await bob.ask('query ($id: ID!) { room(id: $id) { id } }', { id: await ann.createRoom({ kind: 'PRIVATE' }) });
  const line = new Line(world.node);
  await line.init(bob.accessToken);
  await line.ask('query { accounts(first: 1) { nodes { isAdmin } } }');
  line.close();
  const answer = await send(world.node, { method: 'DELETE', path: `/room/delete/${room}/`, headers: bearer(bob) });
  await send(world.node, { method: 'GET', path: '/export' });
  await send(world.node, { method: 'POST', path: '/hooks/canary', headers: JSON_BODY, body: '{"text":"hi"}' });
  await send(world.node, { method: 'POST', path: '/login/', headers: { origin: 'https://evil.example' }, body: '{}' });
  await new Line(world.node, { origin: 'https://evil.example' }).status;
  await new Line(world.node, { path: `/ws/chat/${room}/`, protocol: [] }).closing;
  const stranger = new Line(world.node);
  stranger.init('no.such.token').catch(() => {});
  await stranger.closing;
  await world.close();
  vi.restoreAllMocks();
  const events = said.map((text) => JSON.parse(text));
  const told = (event: string) => events.filter((one) => one.event === event);
  expect(told('session.started').map(({ user }) => user)).toEqual([ann.id, bob.id]);
  expect(told('signIn.failed')).toMatchObject([
    { by: 'password', user: ann.id },
    { by: 'password', user: null },
  ]);
  const user = bob.id;
  expect(told('access.refused')).toMatchObject([
    { code: 'UNAUTHENTICATED', what: 'logIn', user },
    { code: 'RATE_LIMITED', what: 'logIn', user },
    { code: 'UNAUTHENTICATED', what: 'logIn', user },
    { code: 'FORBIDDEN', what: 'deleteRoom', user },
    { code: 'NOT_FOUND', what: 'room', user },
    { code: 'FORBIDDEN', what: 'accounts', user },
    { code: 'FORBIDDEN', what: '/room/delete', user, request: answer.headers['x-request-id'] },
    { code: 'UNAUTHENTICATED' },
    { code: 'NOT_FOUND', what: '/hooks' },
    { code: 'UNAUTHENTICATED', what: 'socket' },
    { code: 'UNAUTHENTICATED', what: 'socket' },
  ]);
  expect(told('origin.refused')).toHaveLength(2);
  for (const { time, request } of told('access.refused')) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(request).toMatch(/^[\da-f-]{36}$/);
  }
});

const bearer = ({ accessToken }: Person) => ({ authorization: `Bearer ${accessToken}` });

/** Much that succeeds and much that fails, with a canary in everything that people give; returns what was handed out. */
async function busyDay(): Promise<string[]> {
  const world = await openWorld({ LOG_LEVEL: 'debug', TRUSTED_PROXIES: '127.0.0.1' });
  const { db } = world.node.core;
  const browser = new Browser(world.node, { 'user-agent': 'canary-agent', 'x-forwarded-for': '203.0.113.77' });
  const input = { username: 'canary.name', password: 'canary password', email: 'canary@example.org' };
  await browser.graphql(REGISTER, { input });
  await browser.graphql(REGISTER, { input });
  await browser.graphql(LOG_IN, { input: { username: input.username, password: 'wrong canary' } });
  const { data } = await browser.graphql(LOG_IN, { input: { ...input, email: undefined, cookies: false } });
  const tokens: string[] = [data?.logIn.accessToken, data?.logIn.refreshToken, ...browser.cookies.values()];
  const room = await browser.graphql(CREATE, { input: { name: 'canary room', topic: 'canary topic' } });
  const message = { roomId: room.data?.createRoom.id, body: 'canary message' };
  const fresh = () => ({ input: { ...message, id: crypto.randomUUID() } });
  await browser.graphql(SEND, fresh());
  await browser.graphql('{ users(search: "canary") { nodes { id } } canary }');
  await browser.graphql('mutation { refresh(refreshToken: "canary.token.here") { accessToken } }');
  await send(world.node, { path: '/canary?canary=1', headers: { cookie: 'access_token=canary' } });
  await send(world.node, { method: 'POST', path: '/login/', body: 'canary', headers: { 'content-type': 'canary' } });
  await carryCanaries(world.node, data?.logIn.accessToken);
  const line = new Line(world.node);
  await line.init(data?.logIn.accessToken);
  await line.ask('{ canary');
  await db.$executeRaw`ALTER TABLE entry RENAME COLUMN body TO hidden`;
  await browser.graphql(SEND, fresh());
  await line.ask(SEND, { variables: fresh() });
  // From here on the database quotes what it was given when it complains.
  await db.$executeRaw`ALTER TABLE "user" ALTER COLUMN display_name TYPE integer USING 0`;
  await db.$executeRaw`ALTER TABLE "user" ALTER COLUMN email_key TYPE integer USING NULL`;
  await browser.graphql(REGISTER, { input: { ...input, username: 'canary.two' } });
  await browser.graphql(LOG_IN, { input: { username: 'canary@example.org', password: 'canary password' } });
  await db.$executeRaw`ALTER TABLE session RENAME COLUMN revoked_at TO hidden`;
  await post(world.node, '{ server { name } }', { authorization: `Bearer ${data?.logIn.accessToken}` });
  const late = new Line(world.node);
  late.init(data?.logIn.accessToken).catch(() => {});
  await late.closing;
  await line.send('{"canary":');
  await line.closing;
  await world.close();
  return [...tokens, '203.0.113.77'];
}

/** Canaries wherever a request can carry one: headers, queries, and the addresses of files, webhooks and rooms. */
async function carryCanaries(node: Node, token: string) {
  const headers = { authorization: `Bearer ${token}`, referer: 'https://canary.example/', 'x-canary': 'canary' };
  const json = { ...headers, ...JSON_BODY, 'x-request-id': 'canary' };
  const paths = [
    '/files/canary?canary=1',
    '/files/canary/thumbnail',
    '/hooks/canary',
    '/export?canary',
    '/rooms/?canary=1',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'PATCH', 'POST']) await send(node, { method, path, headers: json, body: '' });
  }
  await send(node, { path: `/graphql?query={canary}&token=${token}`, headers });
  await send(node, { method: 'POST', path: '/graphql?canary', headers: json, body: '{"query":"{ canary }","canary":' });
  await send(node, {
    method: 'POST',
    path: '/graphql',
    headers: { ...json, origin: 'https://canary.example' },
    body: '{}',
  });
  await send(node, {
    method: 'POST',
    path: '/hooks/canary',
    headers: { ...json, 'idempotency-key': 'canary' },
    body: '{}',
  });
  await send(node, { path: '/', headers: { host: 'canary.example' } });
  await send(node, { method: 'DELETE', path: '/room/delete/canary/', headers });
  for (const path of ['/graphql?canary=1', '/ws/chat/canary/?canary=1', '/canary']) {
    const late = new Line(node, { path, headers: { cookie: 'access_token=canary' } });
    if ((await late.status) !== 101) continue;
    await late.send('{"canary":');
    await late.closing;
  }
}

const describe = (part: unknown) => (part instanceof Error ? `${part.stack} ${JSON.stringify(part)}` : String(part));
