import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Line, post } from '../wire.ts';
import { openWorld, type Person, type World } from '../world.ts';

const NAME = '{ server { name } }';
const WHO = '{ viewer { id } }';
const WAIT = 'subscription { viewerEvents { __typename } }';
const FRONT = 'https://front.example.org';

let world: World;
beforeAll(async () => {
  world = await openWorld({
    CORS_ALLOWED_ORIGINS: FRONT,
    LIMIT_SOCKETS_PER_PERSON: '3',
    LIMIT_FRAMES_PER_SECOND: '200',
  });
});
afterAll(() => world.close());

const cookieOf = ({ accessToken }: Person) => ({ cookie: `access_token=${accessToken}` });
const subscribing = (id: string, query = WAIT) => ({ id, type: 'subscribe', payload: { query } });
const CHAT = `/ws/chat/${randomUUID()}/`;

test.each(['/graphql', CHAT])('the upgrade at %s is for our own pages, listed ones and programs', async (path) => {
  const { host } = new URL(world.node.url);
  for (const origin of [undefined, world.node.url, FRONT]) {
    const line = new Line(world.node, { path, ...(origin && { origin }) });
    expect(await line.status).toBe(101);
    line.close();
  }
  const strange = ['https://evil.example', 'null', `https://${host}`, `http://${host}.evil.example`, `${FRONT}:8443`];
  for (const origin of strange) expect(await new Line(world.node, { path, origin }).status).toBe(403);
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect(await new Line(world.node, { path, headers }).status).toBe(403);
});

test.each(['/graphql', CHAT])('the upgrade at %s is not for hosts that are not ours', async (path) => {
  const headers = { host: 'evil.example', origin: 'http://evil.example' };
  expect(await new Line(world.node, { path, headers }).status).toBe(400);
});

test.each(['/', '/nowhere', '/graphql/x', '//', '//evil.example', '/ws/chat/', '/%', 'http://'])(
  'there is no socket at %s, and asking for one stops nothing',
  async (path) => {
    expect(await upgrade(path)).toMatch(/^HTTP\/1\.1 404 /);
    expect(await post(world.node, NAME)).toMatchObject({ status: 200 });
  },
);

test('a client that speaks no protocol of ours is told so', async () => {
  expect(await new Line(world.node, { protocol: [] }).closing).toMatchObject({ code: 4406 });
});

test('nothing is compressed', async () => {
  const answer = await upgrade('/graphql', { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer).not.toMatch(/permessage-deflate/i);
});

test('Ann’s browser is known by the cookie of the upgrade, her program by its token', async () => {
  const ann = await world.person('ann');
  const browser = new Line(world.node, { headers: cookieOf(ann), origin: world.node.url });
  expect(await browser.init()).toEqual({ type: 'connection_ack' });
  expect((await browser.ask(WHO)).payload.data.viewer.id).toBe(ann.id);
  const program = new Line(world.node);
  await program.init(ann.accessToken);
  expect((await program.ask(WHO)).payload.data.viewer.id).toBe(ann.id);
  for (const line of [browser, program]) line.close();
});

test('a program’s token goes before the cookie', async () => {
  const [bea, bob] = [await world.person('bea'), await world.person('bob')];
  const line = new Line(world.node, { headers: cookieOf(bea) });
  await line.init(bob.accessToken);
  expect((await line.ask(WHO)).payload.data.viewer.id).toBe(bob.id);
  line.close();
});

test('who is nobody may ask what is public, and follows nothing', async () => {
  const line = new Line(world.node);
  await line.init();
  expect((await line.ask(NAME)).payload.data.server.name).toBe('shh');
  const { payload } = await line.ask(WAIT);
  expect(payload.errors[0].extensions.code).toBe('UNAUTHENTICATED');
  line.close();
});

test('who says nothing is not waited for', async () => {
  const line = new Line(world.node);
  expect(await line.closing).toMatchObject({ code: 4408 });
});

test('who asks before saying who they are is sent away', async () => {
  const line = new Line(world.node);
  await line.send(subscribing('early', NAME));
  expect(await line.closing).toMatchObject({ code: 4401 });
});

test('who says twice who they are is sent away', async () => {
  const line = new Line(world.node);
  await line.init();
  await line.send({ type: 'connection_init' });
  expect(await line.closing).toMatchObject({ code: 4429 });
});

test.each<[string, string | Buffer, number]>([
  ['no JSON', 'hello', 4400],
  ['no object', '[]', 4400],
  ['nothing', '', 4400],
  ['an unknown type', '{"type":"shutdown"}', 4400],
  ['no type', '{}', 4400],
  ['a document that is no text', '{"id":"1","type":"subscribe","payload":{"query":1}}', 4400],
  ['no id', '{"type":"subscribe","payload":{"query":"{ server { name } }"}}', 4400],
  ['bytes', randomBytes(64), 4400],
  ['more than 64 KiB', 'x'.repeat(64 * 1_024 + 1), 1009],
  ['ten megabytes', 'x'.repeat(10_000_000), 1009],
])('a frame of %s closes the socket that it came on, and no other', async (_, frame, code) => {
  const [line, other] = [new Line(world.node), new Line(world.node)];
  await Promise.all([line.init(), other.init()]);
  await line.send(frame);
  expect(await line.closing).toMatchObject({ code });
  expect((await other.ask(NAME)).payload.data.server.name).toBe('shh');
  other.close();
});

test('a server’s word from the mouth of a client closes the socket, without a word about why', async () => {
  const line = new Line(world.node);
  await line.init();
  await line.send({ id: '1', type: 'next', payload: { data: {} } });
  const { code, reason } = await line.closing;
  expect(code).toBeGreaterThanOrEqual(4400);
  expect(reason).not.toMatch(/ at |node_modules/);
});

test('an id that is in use is not used twice', async () => {
  const cleo = await world.person('cleo');
  const line = new Line(world.node);
  await line.init(cleo.accessToken);
  await line.send(subscribing('same'), subscribing('same'));
  expect(await line.closing).toMatchObject({ code: 4409 });
});

test('a socket carries fifty subscriptions, and the next is refused until one has ended', async () => {
  const dan = await world.person('dan');
  const line = new Line(world.node);
  await line.init(dan.accessToken);
  await line.send(...Array.from({ length: 50 }, (_, n) => subscribing(`s${n}`)));
  expect(await line.ask(NAME)).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
  await line.send({ id: 's7', type: 'complete' });
  expect(await line.ask(NAME)).toMatchObject({ type: 'next', payload: { data: { server: { name: 'shh' } } } });
  line.close();
});

test('Eve has as many sockets as one may have; Fay is not in her way, and one that closes makes room', async () => {
  const [eve, fay] = [await world.person('eve'), await world.person('fay')];
  const lines = Array.from({ length: 3 }, () => new Line(world.node));
  for (const line of lines) await line.init(eve.accessToken);
  const fourth = new Line(world.node);
  fourth.init(eve.accessToken).catch(() => {});
  expect(await fourth.closing).toMatchObject({ code: 4429 });
  const other = new Line(world.node);
  expect(await other.init(fay.accessToken)).toEqual({ type: 'connection_ack' });
  lines[0]?.close();
  const again = await eventually(async () => {
    const line = new Line(world.node);
    await line.init(eve.accessToken);
    return line;
  });
  for (const line of [...lines, other, again]) line.close();
});

test('who sends too many frames is cut off, and nobody else', async () => {
  const [gus, hal] = [new Line(world.node), new Line(world.node)];
  await Promise.all([gus.init(), hal.init()]);
  await gus.send(...Array.from({ length: 1_000 }, () => ({ type: 'pong' })));
  expect(await gus.closing).toMatchObject({ code: 4429 });
  expect((await hal.ask(NAME)).payload.data.server.name).toBe('shh');
  hal.close();
});

test('nobody is cut off because the clock of the machine is put back', async () => {
  const ida = new Line(world.node);
  await ida.init();
  await ida.ask(NAME);
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  for (let n = 0; n < 3; n++) expect((await ida.ask(NAME)).payload.data.server.name).toBe('shh');
  vi.restoreAllMocks();
  ida.close();
});

test('after the goodbye Mallory’s socket does nothing more, though she does not hang up', async () => {
  const mallory = await world.person('mallory');
  const { socket, frames } = await handshake();
  socket.write(
    frame(1, JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${mallory.accessToken}` } })),
  );
  await frames.next(1);
  const again = await signInAgain(mallory);
  await again.graphql('mutation { revokeOtherSessions }');
  await frames.next(8);
  const create = 'mutation { createRoom(input: { name: "after the end" }) { id } }';
  socket.write(frame(1, JSON.stringify(subscribing('late', create))));
  for (let n = 0; n < 20; n++) await again.createRoom();
  const { publicRooms } = await again.graphql('{ publicRooms(search: "after the end") { nodes { id } } }');
  expect(publicRooms.nodes).toEqual([]);
  socket.destroy();
});

async function signInAgain(person: Person): Promise<Person> {
  const refresh = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';
  const input = { username: person.username, password: 'quiet enough here', cookies: false };
  const again = person.at(world.node);
  again.accessToken = (await world.stranger().graphql(refresh, { input })).logIn.accessToken;
  return again;
}

async function eventually<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const result = await attempt().catch(() => undefined);
    if (result) return result;
  }
}

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'graphql-transport-ws',
};

/** The first bytes of the answer to an upgrade, for what no client library would ask. */
async function upgrade(path: string, more: Record<string, string> = {}): Promise<string> {
  const socket = ask(path, more);
  const [answer] = await new Promise<Buffer[]>((resolve) => socket.once('data', (...data) => resolve(data)));
  socket.destroy();
  return String(answer);
}

function ask(path: string, more: Record<string, string> = {}): Socket {
  const { host, hostname, port } = new URL(world.node.url);
  const headers = Object.entries({ Host: host, ...HANDSHAKE, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\n${headers.join('')}\r\n`);
  return socket;
}

/** A WebSocket by hand, of a client that never answers a goodbye. */
async function handshake() {
  const socket = ask('/graphql');
  const opcodes: number[] = [];
  let wake = () => {};
  let opened = false;
  socket.on('data', (data) => {
    const rest = opened ? data : data.subarray(data.indexOf('\r\n\r\n') + 4);
    opened = true;
    for (let at = 0; at + 1 < rest.length; at += 2 + ((rest[at + 1] ?? 0) & 0x7f)) opcodes.push((rest[at] ?? 0) & 0x0f);
    wake();
  });
  const next = async (opcode: number) => {
    while (!opcodes.includes(opcode)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { socket, frames: { next } };
}

/** A masked frame, the mask being zero. */
function frame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
