import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RawSocket } from '../bench/rawSocket.ts';
import { people, read, roomOf, send as sendTo, VIEWER_LOG } from '../rooms.ts';
import { figureIn, JSON_BODY, Line, send } from '../wire.ts';
import { openWorld, type Person, type World, whileWaiting } from '../world.ts';

const NAME = '{ server { name } }';
const SEQ = 'subscription ($id: ID!, $after: Int) { roomLog(roomId: $id, after: $after) { seq } }';
const TEXTS =
  'subscription ($id: ID!, $after: Int) { roomLog(roomId: $id, after: $after) { ... on MessageSent { message { body } } } }';
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

let world: World;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  world = await openWorld({
    LIMIT_FRAMES_PER_SECOND: '10000',
    LIMIT_SOCKETS_PER_PERSON: '100',
    TRUSTED_PROXIES: '127.0.0.1',
  });
  ({ alice, bob } = await people(world, 'alice', 'bob'));
});
afterAll(() => world.close());

/** Somebody who follows a room all the while; `stillHears` fails unless everything has come, in order. */
async function bystander() {
  const room = await roomOf(bob);
  const line = new Line(world.node);
  await line.init(bob.accessToken);
  await line.send(subscribing('b', SEQ, { id: room, after: 0 }));
  let seq = 0;
  const hear = async () => expect((await line.next(({ id }) => id === 'b')).payload.data.roomLog.seq).toBe(++seq);
  await hear();
  return async () => {
    await bob.say(room, 'still here');
    await hear();
    line.close();
  };
}

const subscribing = (id: string, query: string, variables: object = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, variables },
});

async function lineOf(person: Person): Promise<Line> {
  const line = new Line(world.node);
  await line.init(person.accessToken);
  return line;
}

describe('a position that cannot be', () => {
  test.each<[string, unknown]>([
    ['text', '"1"'],
    ['not a number', '"NaN"'],
    ['half', 1.5],
    ['too great for 32 bits', 2 ** 31],
    ['too small for 32 bits', -(2 ** 31) - 1],
    ['too great for a double', '9007199254740993'],
    ['true', true],
    ['a list of two', '[1, 2]'],
  ])('%s, is refused as INVALID_INPUT, for one room and for all, and the socket stays', async (_, after) => {
    const stillHears = await bystander();
    const room = await roomOf(alice);
    const line = await lineOf(alice);
    const given = `{"id":"x","type":"subscribe","payload":{"query":${JSON.stringify(SEQ)},"variables":{"id":"${room}","after":${after}}}}`;
    await line.send(given);
    const one = await line.next();
    expect(one).toMatchObject({ type: expect.stringMatching(/error|next/) });
    expect((one.payload.errors ?? one.payload)[0].extensions.code).toBe('INVALID_INPUT');
    const position = `[{"roomId":"${room}","seq":${after}}]`;
    await line.send(
      `{"id":"y","type":"subscribe","payload":{"query":${JSON.stringify(VIEWER_LOG)},"variables":{"after":${position}}}}`,
    );
    const all = await line.next(({ id }) => id === 'y');
    expect((all.payload.errors ?? all.payload)[0].extensions.code).toBe('INVALID_INPUT');
    expect((await line.ask(NAME)).payload.data.server.name).toBe('shh');
    line.close();
    await stillHears();
  });

  test.each([-1, -7, -(2 ** 31)])('%d is the beginning', async (after) => {
    const stillHears = await bystander();
    const room = await roomOf(alice);
    await alice.say(room, 'hello');
    const heard = await alice.follow(room, { after }).upTo(({ seq }) => seq === 2);
    expect(heard.map(({ seq }) => seq)).toEqual([1, 2]);
    alice.disconnect();
    await stillHears();
  });

  test('NaN, which JSON has as null, is from now on', async () => {
    const stillHears = await bystander();
    const room = await roomOf(alice);
    const line = await lineOf(alice);
    await alice.say(room, 'before');
    await line.send(subscribing('1', SEQ, { id: room, after: Number.NaN }));
    const said: number[] = [];
    // Nothing tells when "now" is: what is said until something is heard may have been before.
    const heard = await whileWaiting(
      line.next(({ id }) => id === '1'),
      async () => said.push((await alice.say(room, 'now')).seq),
    );
    expect(said).toContain(heard.payload.data.roomLog.seq);
    line.close();
    await stillHears();
  });

  test('of a room that one has left, or never was in, is NOT_FOUND', async () => {
    const stillHears = await bystander();
    const [left, foreign] = [await bob.createRoom(), await roomOf(bob)];
    await alice.join(left);
    await alice.graphql('mutation ($id: ID!) { leaveRoom(id: $id) }', { id: left });
    const line = await lineOf(alice);
    for (const id of [left, foreign, randomUUID(), 'no id at all', '', '\u0000', 'x'.repeat(10_000)]) {
      for (const after of [0, 1, 2_147_483_647]) {
        const { payload } = await line.ask(SEQ, { variables: { id, after } });
        expect((payload.errors ?? payload)[0].extensions.code).toBe('NOT_FOUND');
      }
    }
    line.close();
    await stillHears();
  });

  test('ahead of the log, or of another epoch, is one Reset, beside one who hears on', async () => {
    const stillHears = await bystander();
    const room = await roomOf(alice);
    for (const cursor of [
      { after: 99 },
      { after: 2_147_483_647 },
      { after: 1, epoch: randomUUID() },
      { after: 1, epoch: 'x' },
    ]) {
      const heard = alice.follow(room, cursor);
      expect((await heard.next()).__typename).toBe('Reset');
      heard.stop();
    }
    alice.disconnect();
    await stillHears();
  });
});

describe('documents', () => {
  test('the fifty-first subscription is refused, and the fifty go on, and so does everyone', async () => {
    const stillHears = await bystander();
    const room = await roomOf(alice);
    const line = await lineOf(alice);
    await line.send(...range(1, 51).map((n) => subscribing(`s${n}`, SEQ, { id: room, after: 0 })));
    const refused = await line.next(({ type }) => type === 'error');
    expect(refused).toMatchObject({ id: 's51', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    const { seq } = await alice.say(room, 'hello');
    const heard = new Set<string>();
    while (heard.size < 50) {
      const frame = await line.next(({ type, payload }) => type === 'next' && payload.data.roomLog.seq === seq);
      heard.add(frame.id);
    }
    expect(heard).toEqual(new Set(range(1, 50).map((n) => `s${n}`)));
    line.close();
    await stillHears();
  });

  test('a thousand different ones are answered, over HTTP and a socket', async () => {
    const stillHears = await bystander();
    const line = await lineOf(alice);
    for (const n of range(1, 500)) {
      const query = `query Q${n} { server { name } }`;
      expect((await line.ask(query)).payload.data.server.name).toBe('shh');
      expect((await alice.graphql(`# ${n}\n${NAME}`)).server.name).toBe('shh');
    }
    line.close();
    await stillHears();
  });

  test('that differ only in variables, aliases or whitespace each get their own answer', async () => {
    const stillHears = await bystander();
    const rooms = await Promise.all(range(1, 8).map(() => roomOf(alice)));
    const line = await lineOf(alice);
    const aliased = (n: number) =>
      `subscription ($id: ID!, $after: Int) { a${n}: roomLog(roomId: $id, after: $after) { b${n}: seq } }`;
    const spaced = (n: number) => SEQ.replaceAll(' ', ' '.repeat(n));
    for (const [n, id] of rooms.entries()) await line.send(subscribing(`v${n}`, SEQ, { id, after: 0 }));
    for (const n of range(1, 15)) await line.send(subscribing(`a${n}`, aliased(n), { id: rooms[0], after: 0 }));
    for (const n of range(1, 15)) await line.send(subscribing(`w${n}`, spaced(n), { id: rooms[0], after: 0 }));
    const answers = new Map<string, object>();
    while (answers.size < 38) {
      const { id, payload } = await line.next(({ type }) => type === 'next');
      answers.set(id, payload.data);
    }
    for (const n of range(0, 7)) expect(answers.get(`v${n}`)).toEqual({ roomLog: { seq: 1 } });
    for (const n of range(1, 15)) expect(answers.get(`a${n}`)).toEqual({ [`a${n}`]: { [`b${n}`]: 1 } });
    for (const n of range(1, 15)) expect(answers.get(`w${n}`)).toEqual({ roomLog: { seq: 1 } });
    await alice.say(rooms[7] as string, 'only for v7');
    expect(await line.next(({ type }) => type === 'next')).toMatchObject({
      id: 'v7',
      payload: { data: { roomLog: { seq: 2 } } },
    });
    line.close();
    await stillHears();
  });
});

test('a subscription that costs too much is refused when it opens, with its cost, and the socket stays', async () => {
  const stillHears = await bystander();
  const line = await lineOf(alice);
  const page = 'messages(first: 100) { nodes { id body seq author { id username displayName } } }';
  const parts = '... on RoomJoined { version }';
  const costly = `subscription Costly { viewerEvents { ...on RoomJoined { room { ${range(1, 9)
    .map((n) => `page${n}: ${page}`)
    .join(' ')} } } } }`;
  const document = `subscription Cheap { viewerEvents { ${parts} } } ${costly}`;
  const { payload } = await line.ask(document, { operationName: 'Costly' });
  expect(payload.errors[0]).toMatchObject({
    message: expect.stringContaining('5000 is the most'),
    extensions: { code: 'INVALID_INPUT', cost: expect.any(Number), limit: 5_000 },
  });
  await line.send(subscribing('cheap', `subscription { viewerEvents { ${parts} } }`));
  await roomOf(alice);
  expect(await line.next()).toMatchObject({ id: 'cheap', payload: { data: { viewerEvents: {} } } });
  line.close();
  await stillHears();
});

test.each([
  ['quotes', 'a"b\'c"'],
  ['backslashes', '\\ \\\\ \\u0041 \\"'],
  ['letters of elsewhere', 'жé漢字🦢'],
  ['a line separator', 'a\u2028b\u2029c'],
  ['control characters', '\u0000\u0001\n\t\u007f'],
  ['half a character', '\ud83e'],
  ['the word of a prototype', '__proto__'],
  ['the word of a constructor', 'constructor'],
  ['ten kilobytes', '"жx\\'.repeat(2_000)],
])('an operation id of %s comes back as it was, live and from the past', async (_, id) => {
  const stillHears = await bystander();
  const room = await roomOf(alice);
  const line = await lineOf(alice);
  await line.send(subscribing(id, SEQ, { id: room, after: 0 }));
  expect(await line.next()).toMatchObject({ id, payload: { data: { roomLog: { seq: 1 } } } });
  for (const body of ['one', 'two']) {
    const { seq } = await alice.say(room, body);
    expect(await line.next()).toMatchObject({ id, type: 'next', payload: { data: { roomLog: { seq } } } });
  }
  await line.send({ id, type: 'complete' });
  expect((await line.ask(NAME)).payload.data.server.name).toBe('shh');
  line.close();
  await stillHears();
});

test('operations of as long and of other ids, each on a socket of its own, get whole texts under their own id', async () => {
  const room = await roomOf(alice);
  const ids = range(1, 12).flatMap((n) => [`same-${String(n).padStart(2, '0')}`, randomUUID(), 'ж'.repeat(n)]);
  const lines = await Promise.all(ids.map(() => lineOf(alice)));
  for (const [n, line] of lines.entries()) {
    await line.send(subscribing(ids[n] as string, TEXTS, { id: room, after: 1 }));
    await line.ask(NAME);
  }
  const bodies = range(1, 20).map((n) => `${n} `.repeat(1_500));
  for (const body of bodies) await alice.say(room, body);
  for (const [n, line] of lines.entries()) {
    for (const body of bodies) {
      expect(await line.next()).toMatchObject({ id: ids[n], payload: { data: { roomLog: { message: { body } } } } });
    }
    line.close();
  }
});

test('a socket that closes gets nothing after its close frame, though the room goes on', async () => {
  const erin = await world.person('erin');
  const room = await roomOf(alice, erin);
  const { raw, arrived } = await listenTo(erin);
  raw.send(JSON.stringify(subscribing('1', SEQ, { id: room, after: 0 })));
  raw.send(JSON.stringify(subscribing(randomUUID(), SEQ, { id: room, after: 0 })));
  raw.send(JSON.stringify(subscribing('all', VIEWER_LOG, { after: [{ roomId: room, seq: 0 }] })));
  const before = await alice.say(room, 'before');
  await vi.waitUntil(() => arrived.filter((frame) => frame.includes(`"seq":${before.seq}`)).length === 3, PATIENCE);
  await erin.graphql('mutation { logOut }');
  await vi.waitUntil(() => arrived.at(-1) === 'closed with 4401', PATIENCE);
  const lookups = vi.spyOn(world.node.core.lookups, 'roomsOf');
  const heard = alice.follow(room, { after: before.seq });
  const { seq } = await alice.say(room, 'after');
  await heard.upTo((event) => event.seq === seq);
  expect((await alice.graphql(NAME)).server.name).toBe('shh');
  // Nor is anything prepared for it.
  expect(lookups).not.toHaveBeenCalled();
  lookups.mockRestore();
  expect(arrived.at(-1)).toBe('closed with 4401');
  raw.close();
  alice.disconnect();
});

const PATIENCE = { timeout: 20_000 };

/** A socket that answers no close frame, and what came on it. */
async function listenTo({ node, accessToken }: Person) {
  const raw = new RawSocket({
    port: Number(new URL(node.url).port),
    path: '/graphql',
    protocol: 'graphql-transport-ws',
  });
  const arrived: string[] = [];
  raw.onText = (text) => arrived.push(text.toString('latin1'));
  raw.onClose = (reason) => arrived.push(reason);
  await raw.opened;
  raw.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${accessToken}` } }));
  await vi.waitUntil(() => arrived.length === 1, PATIENCE);
  return { raw, arrived };
}

test('an empty operation id closes the socket that it came on, and no other', async () => {
  const stillHears = await bystander();
  const line = await lineOf(alice);
  await line.send(subscribing('', NAME));
  expect(await line.closing).toMatchObject({ code: 4400 });
  await stillHears();
});

test('a client that answers no ping and reads nothing is let go, beside one who hears on', async () => {
  const stillHears = await bystander();
  const silent = await lineOf(alice);
  silent.stopReading();
  await stillHears();
  const before = await cut('silent');
  const real = performance.now.bind(performance);
  let passed = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + passed);
  // Those who are there are pinged as often, and answer.
  const living = await bystander();
  await vi.waitUntil(
    async () => {
      passed += 3_000;
      return (await cut('silent')) > before;
    },
    { timeout: 40_000, interval: 1_000 },
  );
  clock.mockRestore();
  await living();
  expect(await cut('silent')).toBe(before + 1);
  silent.close();
});

/** How many sockets the node says to have cut for that. */
const cut = (fault: string, node = world.node) => figure(`shh_sockets_cut_${fault}_total`, node);

async function figure(name: string, node = world.node): Promise<number> {
  const { text } = await send(node, { path: '/metrics' });
  return figureIn(text, name);
}

/** Keeps the database busy until what this gives is called. */
async function hold(db: World['node']['core']['db']) {
  let release = () => {};
  let held = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const holding = new Promise<void>((resolve) => (held = resolve));
  const over = db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE session IN ACCESS EXCLUSIVE MODE`;
    held();
    await released;
  });
  await holding;
  return async () => {
    release();
    await over;
  };
}

describe('everyone at once', () => {
  test('five hundred with a short queue come in one after the other, whoever is sent away comes again', async () => {
    const small = await openWorld({
      LIMIT_WAITING: '20',
      LIMIT_SOCKETS_PER_PERSON: '1000',
      LIMIT_FRAMES_PER_SECOND: '10000',
    });
    const owner = await small.person('owner');
    const room = await roomOf(owner);
    const refusals: number[] = [];
    const enter = async (): Promise<Line> => {
      for (;;) {
        const line = new Line(small.node);
        const answer = await line.init(owner.accessToken).catch(() => null);
        if (answer) return line;
        refusals.push((await line.closing).code);
      }
    };
    const already = owner.follow(room, { after: 0 });
    await already.next();
    const { db, admission } = small.node.core;
    const release = await hold(db);
    const entering = Promise.all(range(1, 500).map(enter));
    await vi.waitUntil(() => admission.connections.refused > 0, { timeout: 20_000 });
    await release();
    const { seq } = await owner.say(room, 'meanwhile');
    expect((await already.next()).seq).toBe(seq);
    const lines = await entering;
    expect(refusals.length).toBeGreaterThan(0);
    expect(new Set(refusals)).toEqual(new Set([1013]));
    for (const line of lines) await line.send(subscribing('1', SEQ, { id: room, after: 0 }));
    for (const line of lines) {
      const told = async () => {
        const { type, payload } = await line.next();
        if (type === 'next' && payload.data) return payload.data.roomLog.seq;
        expect((payload.errors ?? payload)[0].extensions).toMatchObject({ code: 'UNAVAILABLE' });
        await line.next(({ type: end }) => end === 'complete');
        await line.send(subscribing('1', SEQ, { id: room, after: 0 }));
        return told();
      };
      expect(await told()).toBe(1);
    }
    expect(admission.connections).toMatchObject({ waiting: 0, refused: refusals.length });
    for (const line of lines) line.close();
    owner.disconnect();
    await small.close();
  });

  test('requests that find the queue full are answered 503 and when to come back', async () => {
    const small = await openWorld({ LIMIT_WAITING: '1' });
    const ann = await small.person('ann');
    const headers = { ...JSON_BODY, authorization: `Bearer ${ann.accessToken}` };
    const body = JSON.stringify({ query: '{ viewer { rooms { id } } }' });
    const release = await hold(small.node.core.db);
    const asking = Promise.all(
      range(1, 300).map(() => send(small.node, { method: 'POST', path: '/graphql', headers, body })),
    );
    await vi.waitUntil(() => small.node.core.admission.requests.refused > 0, { timeout: 20_000 });
    await release();
    const answers = await asking;
    const refused = answers.filter(({ status }) => status === 503);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    for (const { headers: told, json } of refused) {
      expect(Number(told['retry-after'])).toBeGreaterThan(0);
      expect(json.errors[0].extensions).toEqual({ code: 'UNAVAILABLE', retryAfter: Number(told['retry-after']) });
    }
    await small.close();
  });

  test('a boot asks the database as often for forty rooms as for two', async () => {
    const dan = await world.person('dan');
    const asked = async (): Promise<number> => {
      const { db } = world.node.core;
      const raw = vi.spyOn(db, '$queryRaw');
      const list = vi.spyOn(db.membership, 'findMany');
      const single = vi.spyOn(db.membership, 'findFirst');
      const heard = dan.subscribe(VIEWER_LOG, { after: [{ roomId: await roomOf(dan), seq: 0 }] });
      await heard.next();
      const count = raw.mock.calls.filter(([sql]) => !/watched|known/.test(String(sql))).length;
      const others = list.mock.calls.length + single.mock.calls.length;
      dan.disconnect();
      vi.restoreAllMocks();
      return count + others;
    };
    for (const _ of range(1, 2)) await roomOf(dan);
    const few = await asked();
    for (const _ of range(1, 38)) await roomOf(dan);
    expect(await asked()).toBeLessThan(few + 20);
  });
});

describe('strangers', () => {
  const upgrade = (from: string, on = world) => new Line(on.node, { headers: { 'x-forwarded-for': from } });

  test('one address has so many sockets on which nobody has signed in; others are not in its way', async () => {
    const small = await openWorld({
      TRUSTED_PROXIES: '127.0.0.1',
      LIMIT_UNKNOWN_SOCKETS_PER_ADDRESS: '2',
      LIMIT_UNKNOWN_SOCKETS: '4',
    });
    const [one, two] = [upgrade('203.0.113.1', small), upgrade('203.0.113.1', small)];
    expect([await one.status, await two.status]).toEqual([101, 101]);
    await Promise.all([one.init(), two.init()]);
    expect(await upgrade('203.0.113.1', small).status).toBe(429);
    const ann = await small.person('ann');
    const member = upgrade('203.0.113.2', small);
    await member.init(ann.accessToken);
    const others = [upgrade('2001:db8:1:2::1', small), upgrade('2001:DB8:1:2:ffff::9', small)];
    for (const line of others) expect(await line.status).toBe(101);
    await Promise.all(others.map((line) => line.init()));
    expect(await upgrade('2001:db8:1:2:3:4:5:6', small).status).toBe(503);
    others[0]?.close();
    await others[0]?.closing;
    await vi.waitUntil(async () => small.node.app.sockets.strangers() === 3, { timeout: 10_000 });
    expect(await upgrade('2001:db8:1:2:3:4:5:6', small).status).toBe(101);
    expect((await member.ask(NAME)).payload.data.server.name).toBe('shh');
    for (const line of [one, two, member, ...others]) line.close();
    await small.close();
  });
});

test('pings are frames too: more than so many a second are a flood', async () => {
  const strict = await openWorld({ LIMIT_FRAMES_PER_SECOND: '50' });
  const line = new Line(strict.node);
  await line.init();
  void line.ping(1_000);
  expect(await line.closing).toEqual({ code: 4429, reason: 'Too many frames.' });
  expect(await cut('flooding', strict.node)).toBe(1);
  await strict.close();
});

test('who pings without waiting for an answer is cut off before the answers pile up, and told why', async () => {
  const stillHears = await bystander();
  const before = await cut('pinging');
  const flooded = await cut('flooding');
  const line = await lineOf(alice);
  line.flood(5_000);
  expect(await line.closing).toEqual({ code: 4429, reason: 'Too many pings at once.' });
  expect(await cut('pinging')).toBe(before + 1);
  expect(await cut('flooding')).toBe(flooded);
  await stillHears();
});

const GREAT = { type: 'ping', payload: { echo: 'x'.repeat(16_000) } };

test('who asks for 32 MB and does not read them is not read from either, until they do: nothing is lost', async () => {
  const stillHears = await bystander();
  const line = await lineOf(alice);
  line.stopReading();
  await line.send(...range(1, 2_048).map(() => GREAT));
  const waiting = () => figure('shh_connections_waiting_bytes');
  await vi.waitUntil(async () => (await waiting()) > 500_000, { timeout: 20_000 });
  await stillHears();
  expect(await waiting()).toBeLessThan(3_000_000);
  line.readOn();
  const isAnswer = ({ type }: { type: string }) => type === 'pong';
  for (const _ of range(1, 2_048)) expect((await line.next(isAnswer)).payload).toEqual(GREAT.payload);
  expect((await line.ask(NAME)).payload.data.server.name).toBe('shh');
  line.close();
});

test('who sends 1,024 frames of 16 kB at once is a flood after the first of them', async () => {
  const strict = await openWorld({ LIMIT_FRAMES_PER_SECOND: '100' });
  const line = new Line(strict.node);
  await line.init();
  await line.send(...range(1, 1_024).map(() => GREAT));
  expect(await line.closing).toEqual({ code: 4429, reason: 'Too many frames.' });
  expect(line.heard().length).toBeLessThan(1_024);
  expect(await cut('flooding', strict.node)).toBe(1);
  await strict.close();
});

test('what is wrong with a frame is not told on the console', async () => {
  const said: unknown[] = [];
  for (const level of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => said.push(parts));
  }
  for (const frame of ['x'.repeat(70_000), '{"id":"canary","type":"next","payload":{}}', '{"canary"']) {
    const line = new Line(world.node);
    await line.init();
    await line.send(frame);
    await line.closing;
  }
  vi.restoreAllMocks();
  expect(said).toEqual([]);
  expect((await alice.graphql(...read(await roomOf(alice)))).room.lastSeq).toBe(1);
});

test.each([
  ['a query', read],
  ['a mutation', (room: string) => sendTo(room, 'late')],
])('%s that takes too long is refused after five seconds, and the socket goes on', async (_, operation) => {
  const room = await roomOf(alice);
  const line = await lineOf(alice);
  const held = world.node.core.db.$transaction(
    async (tx) => {
      await tx.$executeRaw`LOCK TABLE room IN ACCESS EXCLUSIVE MODE`;
      const [document, variables] = operation(room);
      const { errors } = (await line.ask(document, { variables })).payload;
      expect(errors).toMatchObject([
        { message: expect.stringContaining('too long'), extensions: { code: 'UNAVAILABLE' } },
      ]);
    },
    { timeout: 30_000 },
  );
  await held;
  expect((await line.ask(NAME)).payload.data.server.name).toBe('shh');
  line.close();
});
