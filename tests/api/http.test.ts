import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../api/config.ts';
import { openApp } from '../../api/server.ts';
import { type Answer, JSON_BODY, Line, post, type Question, send } from '../wire.ts';
import { type Node, openWorld, PASSWORD, type World } from '../world.ts';

const NAME = '{ server { name } }';
const FRONT = 'https://front.example.org';

let world: World;
let web: string;
let node: Node;
const opened: Node[] = [];
beforeAll(async () => {
  world = await openWorld({ CORS_ALLOWED_ORIGINS: FRONT, TRUSTED_PROXIES: '127.0.0.1' });
  web = mkdtempSync(join(tmpdir(), 'shh-web-'));
  mkdirSync(join(web, 'assets'));
  writeFileSync(join(web, 'index.html'), '<title>the page</title>');
  writeFileSync(join(web, 'graphiql.html'), '<title>the explorer</title>');
  writeFileSync(join(web, 'assets', 'app-1a2b3c.js'), '"code"');
  node = await withPages({ graphiql: false });
});
afterAll(async () => {
  for (const { app } of opened) await app.close();
  await world.close();
  rmSync(web, { recursive: true, force: true });
});

/** The same server with a built web client, and something configured differently. */
async function withPages(changes: Partial<Config>): Promise<Node> {
  const core = { ...world.node.core, config: { ...world.node.core.config, ...changes } };
  const app = await openApp(core, web);
  const pages = { ...world.node, app, url: await app.listen() };
  opened.push(pages);
  return pages;
}

const answered = { status: 200, json: { data: { server: { name: 'shh' } } } };

test('a program, the server’s own page and a page that is listed may ask', async () => {
  expect(await post(node, NAME)).toMatchObject(answered);
  expect(await post(node, NAME, { origin: node.url })).toMatchObject(answered);
  expect(await post(node, NAME, { origin: FRONT })).toMatchObject(answered);
});

const strange = (url: string): [string, Record<string, string>][] => [
  ['https://evil.example', { origin: 'https://evil.example' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['another port', { origin: url.replace(/:\d+$/, ':1') }],
  ['no port', { origin: url.replace(/:\d+$/, '') }],
  ['another scheme', { origin: url.replace('http:', 'https:') }],
  ['a name that begins like ours', { origin: `${url}.evil.example` }],
  ['a name that begins like a listed one', { origin: `${FRONT}.evil.example` }],
  ['a name below a listed one', { origin: 'https://evil.front.example.org' }],
  ['a listed name without its s', { origin: 'http://front.example.org' }],
  ['another local site', { origin: 'http://localhost:3000' }],
  ['a page that hides its origin', { 'sec-fetch-site': 'cross-site' }],
];

test.each(strange('http://127.0.0.1:8000').map(([who]) => who))('what %s posts is not executed', async (who) => {
  const headers = Object.fromEntries(strange(node.url))[who];
  const username = `mallory${strange('').findIndex(([name]) => name === who)}`;
  const refused = await post(node, registering(username), headers);
  expect(refused).toMatchObject({ status: 403, json: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } });
  expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
  const body = JSON.stringify({ username, password: PASSWORD });
  const legacy = { method: 'POST', path: '/register/', headers: { ...JSON_BODY, ...headers }, body };
  expect(await send(node, legacy)).toMatchObject({ status: 403 });
  expect((await post(node, registering(username))).json).toMatchObject({ data: { register: { viewer: {} } } });
});

const registering = (username: string) =>
  `mutation { register(input: { username: "${username}", password: "${PASSWORD}", cookies: false }) { viewer { id } } }`;

test('the page that is listed is told so, with and without asking first', async () => {
  const shared = { 'access-control-allow-origin': FRONT, 'access-control-allow-credentials': 'true', vary: 'Origin' };
  expect((await post(node, NAME, { origin: FRONT })).headers).toMatchObject(shared);
  const preflight = await send(node, asking(FRONT));
  expect(preflight.status).toBe(204);
  expect(preflight.headers).toMatchObject(shared);
  expect(preflight.headers['access-control-allow-headers']).toContain('content-type');
  expect(preflight.headers['access-control-allow-methods']).toContain('POST');
});

test.each(['https://evil.example', 'null', '*'])('no answer lets %s read it', async (origin) => {
  const questions = [asking(origin), { headers: { origin } }, { path: '/healthz', headers: { origin } }];
  for (const question of questions) {
    const { headers } = await send(node, question);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

const asking = (origin: string) => ({
  method: 'OPTIONS',
  path: '/graphql',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  },
});

test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])(
  'a document that comes with %s is not executed',
  async (method) => {
    const path = `/graphql?query=${encodeURIComponent(registering(`greta.${method}`))}`;
    const { status, headers } = await send(node, { method, path, headers: { accept: 'application/json' } });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'POST' });
    expect((await post(node, registering(`greta.${method}`))).json.data).toBeTruthy();
  },
);

test.each([
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/plain; application/json',
  'application/graphql',
  'application/json-patch+json',
  '',
])('a document that comes as "%s" is not executed', async (type) => {
  const refused = await post(node, NAME, { 'content-type': type });
  expect(refused).toMatchObject({ status: 415, json: { errors: [{ extensions: { code: 'INVALID_INPUT' } }] } });
});

test('JSON may say its character set', async () => {
  expect(await post(node, NAME, { 'content-type': 'Application/JSON; charset=utf-8' })).toMatchObject(answered);
});

test.each([
  ['a batch', JSON.stringify([{ query: NAME }, { query: NAME }])],
  ['a batch of one', JSON.stringify([{ query: NAME }])],
  ['nothing', ''],
  ['half an object', '{"query":'],
  ['null', 'null'],
  ['a number', '42'],
  ['a text', JSON.stringify(NAME)],
  ['no document', '{}'],
  ['an empty document', '{"query":""}'],
  ['a document that is no text', '{"query":{"a":1}}'],
  ['variables that are no object', JSON.stringify({ query: NAME, variables: 'x' })],
  ['an operation name that is no text', JSON.stringify({ query: NAME, operationName: 7 })],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x22])],
])('a body of %s is answered with INVALID_INPUT, and executes nothing', async (_, body) => {
  const answer = await send(node, { method: 'POST', path: '/graphql', headers: JSON_BODY, body });
  expect(answer.json.errors.map(({ extensions }: any) => extensions.code)).toEqual(['INVALID_INPUT']);
  expect(answer.json.data ?? null).toBeNull();
  expect(answer.text).not.toMatch(/ at .*\.[jt]s|node_modules/);
});

test('a subscription is refused over HTTP, also as a stream of events', async () => {
  const subscription = 'subscription { viewerEvents { __typename } }';
  for (const accept of ['application/json', 'text/event-stream', 'multipart/mixed']) {
    const { status, text } = await post(node, subscription, { accept });
    expect(status).toBeLessThan(500);
    expect(text).not.toContain('"data":{');
  }
});

test.each(['application/graphql-response+json', '*/*', 'text/html, */*;q=0.1'])(
  'a document is answered to a client that takes %s',
  async (accept) => {
    expect((await post(node, NAME, { accept })).json).toEqual(answered.json);
  },
);

test.each([
  ['that says its length', {}],
  ['that does not say its length', { 'transfer-encoding': 'chunked' }],
])('a body of more than 100 kB %s is refused', async (_, headers: Record<string, string>) => {
  for (const path of ['/graphql', '/login/']) {
    const body = Buffer.alloc(100 * 1_024 + 1, ' ');
    const refused = await send(node, { method: 'POST', path, headers: { ...JSON_BODY, ...headers }, body });
    expect(refused).toMatchObject({ status: 413, json: { detail: expect.stringContaining('102400') } });
  }
  const most = Buffer.concat([Buffer.from(JSON.stringify({ query: NAME })), Buffer.alloc(101_000, ' ')]);
  const taken = await send(node, {
    method: 'POST',
    path: '/graphql',
    headers: { ...JSON_BODY, ...headers },
    body: most,
  });
  expect(taken).toMatchObject(answered);
});

test('a body of ten megabytes is refused without being read', async () => {
  const body = Buffer.alloc(10_000_000, ' ');
  expect(await send(node, { method: 'POST', path: '/graphql', headers: JSON_BODY, body })).toMatchObject({
    status: 413,
  });
  expect(await post(node, NAME)).toMatchObject(answered);
});

test.each(['localhost', 'LOCALHOST:8000', '127.0.0.1:1', '[::1]', '[::1]:8000'])(
  'the Host %s is ours',
  async (host) => {
    expect(await post(node, NAME, { host })).toMatchObject(answered);
  },
);

test.each([
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.nip.io',
  '127.0.0.1@evil.example',
  '10.0.0.1',
  '.',
  '*',
])('the Host %s is not ours, whatever its page says', async (host) => {
  for (const origin of [`http://${host}`, node.url]) {
    expect(await post(node, NAME, { host, origin })).toMatchObject({ status: 400 });
  }
  expect(await send(node, { headers: { host } })).toMatchObject({ status: 400 });
  expect(await send(node, { path: '/healthz', headers: { host } })).toMatchObject({ status: 200 });
});

test.each(['localhost', 'evil.example'])('a request with a second Host, %s, is refused', async (host) => {
  const asked = `GET / HTTP/1.1\r\nHost: localhost\r\nHost: ${host}\r\n`;
  const handshake =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  for (const more of ['Connection: close\r\n', handshake]) expect(await sendRaw(`${asked}${more}\r\n`)).toEqual([400]);
});

test('hosts that are listed are ours, and those below a point', async () => {
  const listed = await withPages({ allowedHosts: ['chat.example.org', '.example.net'] });
  for (const host of ['chat.example.org', 'Chat.Example.org:443', 'example.net', 'a.b.example.net']) {
    expect(await post(listed, NAME, { host })).toMatchObject(answered);
  }
  for (const host of ['example.org', 'x.chat.example.org', 'badexample.net', 'localhost']) {
    expect(await post(listed, NAME, { host })).toMatchObject({ status: 400 });
  }
});

test('only a listed proxy is believed that the site is https', async () => {
  const https = { host: 'localhost', 'x-forwarded-proto': 'https' };
  expect(await post(node, NAME, { ...https, origin: 'https://localhost' })).toMatchObject(answered);
  expect(await post(node, NAME, { ...https, origin: 'http://localhost' })).toMatchObject({ status: 403 });
  const alone = await withPages({ trustedProxies: ['10.0.0.1'] });
  expect(await post(alone, NAME, { ...https, origin: 'https://localhost' })).toMatchObject({ status: 403 });
});

test('the public address is the origin, whatever the proxy calls the server', async () => {
  const url = 'https://chat.example.org';
  const site = await withPages({ publicUrl: url, allowedHosts: ['chat.example.org', '127.0.0.1'] });
  expect(await post(site, NAME, { origin: url })).toMatchObject(answered);
  expect(await post(site, NAME, { origin: site.url })).toMatchObject({ status: 403 });
});

test('every answer carries the security headers, also when it is a refusal', async () => {
  const big = Buffer.alloc(200_000, ' ');
  const all: Question[] = [
    { path: '/' },
    { path: '/r/some-room' },
    { path: '/assets/app-1a2b3c.js' },
    { path: '/assets/none.js' },
    { path: '/healthz' },
    { path: '/readyz' },
    { path: '/rooms/' },
    { path: '/graphql' },
    { path: '/', method: 'HEAD' },
    { path: '/', headers: { host: 'evil.example' } },
    { path: '/', headers: { 'x-long': 'x'.repeat(20_000) } },
    { path: '/', method: 'POST' },
    { path: '/nowhere', method: 'DELETE' },
    { path: '/graphql', method: 'POST', headers: { 'content-type': 'text/plain' } },
    { path: '/graphql', method: 'POST', headers: JSON_BODY, body: '{' },
    { path: '/graphql', method: 'POST', headers: JSON_BODY, body: JSON.stringify({ query: NAME }) },
    { path: '/graphql', method: 'POST', headers: { ...JSON_BODY, origin: 'https://evil.example' } },
    { path: '/graphql', method: 'POST', headers: JSON_BODY, body: big },
    { path: '/graphql', headers: { ...UPGRADE, origin: 'https://evil.example' } },
    { path: '/nowhere', headers: UPGRADE },
    asking('https://evil.example'),
  ];
  for (const question of all) expectHeaders((await send(node, question)).headers);
});

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

test('who hangs up in the middle of a file leaves nothing open', async () => {
  const { port, hostname } = new URL(node.url);
  const large = join(web, 'assets', 'large-1a2b3c.js');
  writeFileSync(large, Buffer.alloc(5_000_000, ' '));
  for (let n = 0; n < 5; n++) {
    const socket = connect(Number(port), hostname);
    socket.write('GET /assets/large-1a2b3c.js HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
  }
  await expect.poll(() => timesOpen(large)).toBe(0);
  const { status, text } = await send(node, { path: '/assets/large-1a2b3c.js' });
  expect({ status, length: text.length }).toEqual({ status: 200, length: 5_000_000 });
});

test('a file that can be found and not be opened ends its answer, and nothing else', async () => {
  const odd = createServer().listen(join(web, 'assets', 'odd-1a2b3c.js'));
  await once(odd, 'listening');
  await expect(send(node, { path: '/assets/odd-1a2b3c.js' })).rejects.toThrow();
  odd.close();
  expect(await send(node, {})).toMatchObject({ status: 200 });
});

test('who is refused and does not hang up is not waited for', async () => {
  for (const asked of [
    'NONSENSE\r\n\r\n',
    'GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ]) {
    const site = await withPages({});
    const socket = connect({ port: Number(new URL(site.url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.write(asked);
    socket.resume();
    await once(socket, 'end');
    await site.app.close();
    socket.destroy();
  }
});

test('what is no HTTP gets the security headers too', async () => {
  const { port, hostname } = new URL(node.url);
  const socket = connect(Number(port), hostname);
  socket.write('NONSENSE\r\n\r\n');
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part;
  const [status, ...lines] = text.split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
  expect(status).toBe('HTTP/1.1 400 Bad Request');
  expectHeaders(Object.fromEntries(lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]])));
});

function expectHeaders(headers: Record<string, unknown>) {
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringMatching(/^default-src 'none'; (?!.*(unsafe|\*))/),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': expect.stringMatching(/^camera=\((self)?\), geolocation=\(\), microphone=\(\), /),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('strict-transport-security');
}

test('over https browsers are told to stay there', async () => {
  const { headers } = await send(node, { headers: { host: 'localhost', 'x-forwarded-proto': 'https' } });
  expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
});

/** The rules of Mozilla’s HTTP Observatory that one answer and its cookies decide: points lost, and points won. */
function observatory({ headers, text }: Answer, cookies: string[]): { lost: Record<string, number>; won: number } {
  const policy = Object.fromEntries(
    String(headers['content-security-policy'])
      .split('; ')
      .map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]),
  );
  const scripts = [...text.matchAll(/<script[^>]*src="([^"]+)"/g)].map(([, source]) => source ?? '');
  const rules: [rule: string, kept: boolean, lost: number, won: number][] = [
    ['csp-without-unsafe', !/unsafe|https?:|\*/.test(String(policy['script-src'])), -20, 5],
    ['csp-default-src-none', policy['default-src'] === "'none'", 0, 5],
    ['csp-style-without-unsafe', !/unsafe/.test(String(policy['style-src'])), -20, 0],
    ['cookies-secure-httponly', cookies.every((line) => /; Secure/.test(line) && /; HttpOnly/.test(line)), -40, 0],
    ['cookies-samesite', cookies.every((line) => /; SameSite=(Lax|Strict)/.test(line)), -20, 5],
    ['cors-not-for-all', headers['access-control-allow-origin'] === undefined, -50, 0],
    [
      'hsts-six-months',
      Number(/max-age=(\d+)/.exec(`${headers['strict-transport-security']}`)?.[1]) >= 15_768_000,
      -20,
      0,
    ],
    ['referrer-policy-private', headers['referrer-policy'] === 'no-referrer', -5, 5],
    ['sri-or-scripts-of-our-own', scripts.every((source) => source.startsWith('/')), -50, 0],
    ['x-content-type-options', headers['x-content-type-options'] === 'nosniff', -5, 0],
    ['frame-ancestors', policy['frame-ancestors'] === "'none'", -20, 5],
    ['cross-origin-resource-policy', headers['cross-origin-resource-policy'] === 'same-origin', 0, 10],
  ];
  const lost = Object.fromEntries(rules.filter(([, kept]) => !kept).map(([rule, , points]) => [rule, points]));
  return { lost, won: rules.reduce((sum, [, kept, , points]) => sum + (kept ? points : 0), 0) };
}

test('the HTTP Observatory’s rules give the page over https 100 points and 35 more: A+', async () => {
  const https = { host: 'localhost', 'x-forwarded-proto': 'https' };
  const page = await send(node, { headers: https });
  const input = 'input: { username: "observed", displayName: "O", password: "quiet enough here" }';
  const account = await post(node, `mutation { register(${input}) { viewer { id } } }`, https);
  const cookies = account.headers['set-cookie'] ?? [];
  expect(cookies).toHaveLength(2);
  const built = readFileSync(new URL('../../web/index.html', import.meta.url), 'utf8');
  expect(observatory({ ...page, text: page.text + built }, cookies)).toEqual({ lost: {}, won: 35 });
});

test('what the API says is kept by nobody', async () => {
  expect((await post(node, NAME)).headers['cache-control']).toBe('no-store');
});

test('the page is served for every path that is none of a file, with a strict policy', async () => {
  for (const path of ['/', '/r/some-room', '/setup', '/invite?x=1']) {
    const { status, text, headers } = await send(node, { path });
    expect({ status, text }).toEqual({ status: 200, text: '<title>the page</title>' });
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
    expect(headers['permissions-policy']).toMatch(/^camera=\(self\), geolocation=\(\), microphone=\(\), /);
  }
  const script = await send(node, { path: '/assets/app-1a2b3c.js' });
  expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect((await send(node, { path: '/assets/none.js' })).status).toBe(404);
});

test('HEAD gives the headers of the page, and nothing of it', async () => {
  const { status, text, headers } = await send(node, { method: 'HEAD' });
  expect({ status, text }).toEqual({ status: 200, text: '' });
  expect(headers['content-type']).toContain('text/html');
});

test.each([
  '//',
  '/%',
  '/%00',
  '/..',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fetc%2fpasswd',
  '/\\..\\x',
  '*',
  '//evil.example/',
  '/%252e%252e/%252e%252e/etc/passwd',
  '/.git/HEAD',
  '/.env',
  '/assets',
  '/assets/',
])('the strange path %s finds nothing but the page', async (path) => {
  const { status, text, headers } = await send(node, { path });
  expect(status).toBeLessThan(500);
  expect(headers).not.toHaveProperty('location');
  expect(text).not.toMatch(/root:|ref:|app-1a2b3c/);
  expect(await post(node, NAME)).toMatchObject(answered);
});

test('what says something says what it is, and text in which characters', async () => {
  const asked: Question[] = [
    ...[
      '/',
      '/r/some-room',
      '/assets/app-1a2b3c.js',
      '/assets/none.js',
      '/healthz',
      '/readyz',
      '/metrics',
      '/rooms/',
    ].map((path) => ({ path })),
    { path: '/graphql', method: 'POST', headers: JSON_BODY, body: JSON.stringify({ query: NAME }) },
    { path: '/graphql', method: 'POST', headers: JSON_BODY, body: '{' },
    { path: '/graphql' },
    { path: '/nowhere', method: 'DELETE' },
    { path: '/hooks/none', method: 'POST', headers: JSON_BODY, body: '{"text":"hi"}' },
    { path: '/files/none' },
    { path: '/export' },
  ];
  for (const question of asked) {
    const { headers, text } = await send(node, question);
    expect({ ...question, text, type: headers['content-type'] }).toMatchObject({
      text: expect.stringMatching(/./),
      type: expect.stringMatching(/^(text\/(html|plain|javascript)|application\/json); ?(.*; ?)?charset=utf-8/i),
    });
  }
});

test('a request whose end two headers tell differently is refused, and TRACE is none of ours', async () => {
  const both = 'Content-Length: 4\r\nTransfer-Encoding: chunked';
  const asked = `POST /graphql HTTP/1.1\r\nHost: localhost\r\n${both}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`;
  expect(await sendRaw(asked)).toEqual([400]);
  const { status, text: told } = await send(node, { method: 'TRACE', headers: { 'x-canary': 'canary' } });
  expect({ status, told: told.includes('canary') }).toEqual({ status: 404, told: false });
});

test('GraphiQL opens in a browser where it is on, with scripts of our own only', async () => {
  const on = await withPages({ graphiql: true });
  const browser = { path: '/graphql', headers: { accept: 'text/html,application/xhtml+xml' } };
  const { status, text, headers } = await send(on, browser);
  expect({ status, text }).toEqual({ status: 200, text: '<title>the explorer</title>' });
  expect(headers['content-security-policy']).toContain("script-src 'self';");
  expect(await send(on, { path: '/graphql' })).toMatchObject({ status: 405 });
  expect(await post(on, NAME)).toMatchObject(answered);
  expect(await send(node, browser)).toMatchObject({ status: 405 });
});

test('the server says that it lives and that it is ready', async () => {
  expect(await send(node, { path: '/healthz' })).toMatchObject({ status: 200, json: { status: 'ok' } });
  expect(await send(node, { path: '/readyz' })).toMatchObject({ status: 200, json: { database: true, bus: true } });
});

test('a server that stops answers what is under way, and asks who would go on to go', async () => {
  const stopping = await withPages({});
  const socket = connect(Number(new URL(stopping.url).port), '127.0.0.1');
  const answers = (async () => {
    let text = '';
    for await (const part of socket) text += part;
    return text.split('HTTP/1.1 ').slice(1);
  })();
  const head = 'POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n';
  socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${head}{`);
  await once(socket, 'readable');
  const closed = stopping.app.close();
  socket.write(`}${head}{}`);
  await closed;
  const [before, underway, after] = await answers;
  expect([before, underway, after].map((answer) => answer?.slice(0, 3))).toEqual(['200', '404', '404']);
  expect(before).toContain('Connection: keep-alive');
  expect(after).toContain('Connection: close');
});

test('a proxy that uses a kept connection while the sockets of a stopping server are closed is answered, and asked to go', async () => {
  const stopping = await withPages({});
  const line = new Line(stopping);
  await line.init();
  const socket = connect(Number(new URL(stopping.url).port), '127.0.0.1').setEncoding('utf8');
  const asked = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(asked);
  await once(socket, 'data');
  const closed = stopping.app.close();
  await send(node, { path: '/healthz' });
  socket.write(asked);
  const [answer] = await once(socket, 'data');
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain('Connection: close');
  await closed;
});

/** How often this process has the file open; known on Linux only, 0 elsewhere. */
function timesOpen(file: string): number {
  const folder = '/proc/self/fd';
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).filter((name) => linkOf(join(folder, name)) === file).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // It was closed meanwhile.
  }
}

/** The status of every answer to what no client library would write. */
async function sendRaw(text: string): Promise<number[]> {
  const { port, hostname } = new URL(node.url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  socket.write(text);
  let answered = '';
  for await (const part of socket) answered += part;
  return [...answered.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
}
