import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { photograph, upload } from '../files.ts';
import { people, roomOf } from '../rooms.ts';
import { prepareTestDatabase, type TestDatabase } from '../services/database.ts';
import { openPushService } from '../services/pushService.ts';
import { freePort, startServer, type TestServer } from '../services/server.ts';
import { GENEROUS, type Node, PASSWORD, register } from '../world.ts';

const ROOT = join(import.meta.dirname, '../..');
const WATCH = pathToFileURL(join(ROOT, 'tests/services/watchNetwork.js')).href;
const SET_PUSH = 'mutation ($subscription: PushSubscriptionInput) { setPush(subscription: $subscription) { hasPush } }';

let database: TestDatabase;
let server: TestServer;
let service: Awaited<ReturnType<typeof openPushService>>;
let node: Node;
let seen: string;
beforeAll(async () => {
  const built = spawnSync(process.execPath, ['api/build.mjs', '--server'], { cwd: ROOT, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the server cannot be built: ${built.stderr}`);
  database = await prepareTestDatabase();
  service = await openPushService();
  const port = await freePort();
  node = { url: `http://127.0.0.1:${port}` } as Node;
  seen = join(database.dataDir, 'network');
  const watched = { NETWORK_SEEN: seen, OUTGOING_ORIGINS: service.url, PORT: `${port}` };
  server = await startServer({
    name: 'shh',
    command: process.execPath,
    args: ['--import', WATCH, join(ROOT, 'dist/main.js')],
    options: { cwd: tmpdir(), env: { ...process.env, ...GENEROUS, ...database.environment, ...watched } },
    answers: async () => {
      if (!(await fetch(`${node.url}/readyz`)).ok) throw new Error('it is not ready');
    },
  });
});
afterAll(async () => {
  await server?.stop();
  service?.close();
  await database?.drop();
});

const asked = () => (existsSync(seen) ? readFileSync(seen, 'utf8').trim().split('\n') : []);

test('the running server asks no other host, whatever people do, until they ask to be told through one', async () => {
  const { ann, ben } = await people({ person: (name) => register(node, name) }, 'ann', 'ben');
  const room = await roomOf(ann, ben);
  const log = ben.follow(room, { after: 0 });
  await log.next();
  await ann.say(room, 'look at https://example.org/picture.png and mail somebody@example.net');
  await upload(ann, room, { name: 'beach.jpg', bytes: await photograph() });
  await ann.post('/login/', JSON.stringify({ username: ann.username, password: PASSWORD }));
  for (const path of ['/', '/graphql', '/export', '/rooms/', '/nowhere']) {
    await fetch(node.url + path, { headers: { authorization: `Bearer ${ann.accessToken}`, accept: 'text/html' } });
  }
  ben.disconnect();
  expect(asked()).toEqual([]);

  const browser = service.browser();
  await ben.graphql(SET_PUSH, { subscription: browser.subscription });
  await ann.say(room, 'are you there?');
  await vi.waitFor(() => expect(browser.pushes).toHaveLength(1), { timeout: 30_000 });
  expect([...new Set(asked())]).toEqual([`connect ${new URL(service.url).host}`]);
});
