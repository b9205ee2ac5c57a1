import { expect, test, vi } from 'vitest';
import { Browser, JSON_BODY, Line, post, send } from '../wire.ts';
import { type Node, openWorld } from '../world.ts';

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
