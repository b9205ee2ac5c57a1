import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildServer, MAIN, Mortal, nodeAt } from '../mortals.ts';
import { join as enter, expectSound, leave, people, read, roomOf, send } from '../rooms.ts';
import { prepareTestDatabase, type TestDatabase } from '../services/database.ts';
import { GENEROUS, openNode, type Person, Refusal, register } from '../world.ts';

const EMBEDDED = process.env.SERVICES === 'embedded';
const ROUNDS = Number(process.env.ROUNDS ?? 5);

let database: TestDatabase;
let server: Mortal;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  buildServer();
  database = await prepareTestDatabase();
  server = await Mortal.start(database.environment);
  ({ alice, bob, carol } = await people({ person: (name) => register(nodeAt(server), name) }, 'alice', 'bob', 'carol'));
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

test.runIf(EMBEDDED)(
  'a second server on the same folder is refused in one sentence, and the first runs on',
  async () => {
    const second = spawn(process.execPath, [MAIN], { cwd: tmpdir(), env: { ...database.environment, PORT: '0' } });
    const said: string[] = [];
    for (const stream of [second.stdout, second.stderr]) stream.on('data', (text) => said.push(String(text)));
    expect(await once(second, 'close')).toEqual([1, null]);
    const sentence = `The data folder ${database.dataDir} is in use by process ${server.pid}: stop that one first.\n`;
    expect(said.join('')).toBe(sentence);
    expect(await alice.say(await alice.createRoom(), 'still here')).toMatchObject({ body: 'still here' });
  },
);

test.runIf(EMBEDDED)(
  'Run it on a clean machine; a URL with a one-time setup link is printed within 10 seconds.',
  async () => {
    const DATA_DIR = mkdtempSync(join(tmpdir(), 'shh-clean-'));
    const own = spawn(process.execPath, [MAIN], {
      cwd: DATA_DIR,
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR },
    });
    const lines = createInterface({ input: own.stdout })[Symbol.asyncIterator]();
    const [first, second] = [(await lines.next()).value, (await lines.next()).value];
    const address = /^shh is listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(first ?? '')?.[1];
    expect(second).toMatch(new RegExp(`^Make the first administrator here, once: ${address}/setup#[\\w-]{43}$`));
    own.kill('SIGTERM');
    expect(await once(own, 'close')).toEqual([0, null]);
    rmSync(DATA_DIR, { recursive: true });
  },
);

test.runIf(EMBEDDED)('whoever reads what the server says may go, and the server stays', async () => {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'shh-unheard-'));
  const own = spawn(process.execPath, [MAIN], { cwd: DATA_DIR, env: { PATH: process.env.PATH, PORT: '0', DATA_DIR } });
  const [first] = await once(createInterface({ input: own.stdout }), 'line');
  const address = /http:\S+/.exec(first)?.[0] ?? '';
  for (const stream of [own.stdout, own.stderr]) stream.destroy();
  for (let n = 0; n < 3; n++) {
    await fetch(`${address}/graphql`, { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
  }
  own.kill('SIGTERM');
  expect(await once(own, 'exit')).toEqual([0, null]);
  rmSync(DATA_DIR, { recursive: true, force: true });
});

test.runIf(EMBEDDED)('a disk with no room for the database stops the start with one sentence', async () => {
  const dataDir = join(database.dataDir, 'elsewhere');
  // Of a file no more than 200 blocks are written, as on a disk that is full.
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -f 200; exec "$0" "$1"', process.execPath, MAIN], {
    cwd: tmpdir(),
    env: { ...database.environment, DATA_DIR: dataDir, LOG_LEVEL: 'error' },
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^Cannot make the database in .*elsewhere.pg: [^\n]+\.\n$/);
  expect(status).toBe(1);
});

test.runIf(EMBEDDED)('a server that is stopped while it starts ends at once, and starts the next time', async () => {
  const dataDir = join(database.dataDir, 'new');
  const env = { ...database.environment, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'info' };
  const child = spawn(process.execPath, [MAIN], { cwd: tmpdir(), env });
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await (await openNode({ ...env, LOG_LEVEL: 'error' })).close();
});

test('`/healthz` and `/readyz` answer; stopping the container loses nothing.', async () => {
  const room = await alice.createRoom();
  const said = await Promise.all(Array.from({ length: 20 }, (_, n) => alice.say(room, `before the stop ${n}`)));
  for (const path of ['/healthz', '/readyz']) expect((await fetch(server.url + path)).status).toBe(200);
  await server.restart(); // By SIGTERM, as Docker stops.
  for (const path of ['/healthz', '/readyz']) expect((await fetch(server.url + path)).status).toBe(200);
  const { lastSeq } = (await alice.graphql(...read(room))).room;
  expect(lastSeq).toBe(Math.max(...said.map(({ seq }) => seq)));
});

interface Sent {
  by: Person;
  id: string;
  body: string;
  /** Where the answer said that it stands; missing while there is no answer. */
  seq?: number;
}
type Way = (room: string, message: Sent) => Promise<number>;

test(`killed ${ROUNDS} times while people write, the server keeps what it acknowledged, once and in one order`, async () => {
  const [room, square] = [await roomOf(alice, bob, carol), await alice.createRoom()];
  const elsewhere = EMBEDDED ? null : await openNode({ ...GENEROUS, ...database.environment });
  const witness = elsewhere && alice.at(elsewhere).follow(room, { after: 3 });
  const sent: Sent[] = [];
  let top = 3;
  for (let round = 1; round <= ROUNDS; round++) {
    const enough = acknowledged(sent).length + 5 + ((round * 7) % 30);
    const writing = [alice, alice, bob, bob].map((person) => write(person, room, sent, overHttp));
    writing.push(...[carol, carol, carol].map((person) => write(person, room, sent, overSocket)), comeAndGo(square));
    await vi.waitUntil(() => acknowledged(sent).length >= enough, { interval: 1, timeout: 30_000 });
    const back = server.kill();
    await Promise.all(writing);
    for (const person of [bob, carol]) person.disconnect();
    await back;
    // Whose answer was lost may or may not be there: asked again, it is.
    for (const message of sent) message.seq ??= await overHttp(room, message);
    top = await expectOnce(room, top, sent);
  }
  expect(top).toBe(3 + sent.length);
  if (witness) expect(seqs(await witness.upTo(({ seq }) => seq === top))).toEqual(range(4, top));
  await server.stop();
  const last = elsewhere ?? (await openNode({ ...GENEROUS, ...database.environment }));
  for (const each of [room, square]) await expectSound(last, each);
  await last.close();
}, 240_000);

const acknowledged = (sent: Sent[]) => sent.filter(({ seq }) => seq !== undefined);
const seqs = (events: any[]): number[] => events.map((event) => event.seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

const overHttp: Way = async (room, { by, body, id }) => (await by.say(room, body, id)).seq;
const overSocket: Way = async (room, { by, body, id }) => (await by.subscribe(...send(room, body, id)).next()).seq;

async function write(by: Person, room: string, sent: Sent[], send: Way): Promise<void> {
  await untilKilled(async () => {
    const message: Sent = { by, id: randomUUID(), body: `message ${sent.length} of ${by.name}` };
    sent.push(message);
    message.seq = await send(room, message);
  });
}

async function comeAndGo(square: string): Promise<void> {
  await untilKilled(async () => {
    for (const step of [enter, leave]) await bob.ask(...step(square));
  });
}

async function untilKilled(act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await act();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      return;
    }
  }
}

/** Since `top` the log has every message once, where the answers said, and nothing else. Gives its new top. */
async function expectOnce(room: string, top: number, sent: Sent[]): Promise<number> {
  const { lastSeq } = (await bob.graphql(...read(room))).room;
  const events = lastSeq > top ? await bob.follow(room, { after: top }).upTo(({ seq }) => seq === lastSeq) : [];
  expect(seqs(events)).toEqual(range(top + 1, lastSeq));
  const told = events.map(({ seq, message: { id, body } }) => ({ seq, id, body }));
  const since = sent.filter(({ seq = 0 }) => seq > top).map(({ seq, id, body }) => ({ seq, id, body }));
  expect(told).toEqual(since.toSorted((one, other) => Number(one.seq) - Number(other.seq)));
  return lastSeq;
}
