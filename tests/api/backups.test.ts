import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writeBackup } from '../../api/backups/backup.ts';
import { restoreBackup } from '../../api/backups/restore.ts';
import { takeSnapshot } from '../../api/backups/snapshots.ts';
import { rowsOf, tablesOf } from '../../api/backups/tables.ts';
import { readConfig } from '../../api/config.ts';
import { StartError } from '../../api/errors.ts';
import { bytesOf, photograph, sha256, upload } from '../files.ts';
import {
  deleteRoom,
  edit,
  expectSound,
  listMessages,
  people,
  pin,
  react,
  read,
  reply,
  roomOf,
  unsend,
} from '../rooms.ts';
import { prepareTestDatabase, type TestDatabase } from '../services/database.ts';
import { GENEROUS, type Node, openNode, openWorld, PASSWORD, Person, register, type World } from '../world.ts';

const ROOT = join(import.meta.dirname, '../..');
const SEND_FILE = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken } }';
const silent = () => {};

let folder: string;
let file: string;
let world: World;
let elsewhere: Node;
let alice: Person;
let bob: Person;
let carol: Person;
let room: string;
let photo: string;
const targets: TestDatabase[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shh-backups-'));
  file = join(folder, 'kept.shh');
  world = await openWorld();
  elsewhere = world.clustered ? await world.anotherNode({ DATA_DIR: world.node.core.config.dataDir }) : world.node;
  ({ alice, bob, carol } = await people(world, 'alice', 'bob', 'carol'));
  room = await roomOf(alice, bob, carol);
  photo = await upload(alice, room, { bytes: await photograph(), name: 'garden.jpg' });
  await alice.graphql(SEND_FILE, { input: { roomId: room, id: crypto.randomUUID(), body: '', files: [photo] } });
  const { id } = await bob.say(room, `the shed of @${carol.username}`);
  await carol.graphql(...react(id, '👍'));
  await alice.graphql(...reply(room, id, 'and its “roof”\n\\N \u2028 \t'));
  await bob.graphql(...edit(id, `the garden of @${carol.username}`));
  await alice.graphql(...pin(id));
  await bob.graphql(...unsend((await bob.say(room, 'never said')).id));
  await alice.graphql(...deleteRoom(await alice.createRoom()));
});
afterAll(async () => {
  await world?.close();
  for (const target of targets) await target.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function target(): Promise<TestDatabase> {
  const made = await prepareTestDatabase();
  targets.push(made);
  return made;
}
const configOf = ({ environment }: Pick<TestDatabase, 'environment'>) => readConfig(environment);
const seqOf = async (person: Person): Promise<number> => (await person.graphql(...read(room))).room.lastSeq;
const epochOf = async (person: Person): Promise<string> => (await person.graphql('{ server { epoch } }')).server.epoch;
const logOf = async (person: Person, last: number) =>
  (await person.follow(room, { after: 0 }).upTo(({ seq }) => seq === last)) as unknown[];

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => expect.unreachable('this should have been refused'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toMatch(/^[^\n]+\.$/);
  return error.message;
}

test('Back up while people write, restore elsewhere: same rooms, same messages, still readable.', async () => {
  const sent: string[] = [];
  let enough = false;
  const writing = [alice, bob.at(elsewhere), carol].map(async (person) => {
    while (!enough) sent.push((await person.say(room, `message ${sent.length} of ${person.name}`)).id);
  });
  await vi.waitUntil(() => sent.length >= 30, { timeout: 30_000 });
  const acknowledged = [...sent];
  await writeBackup(world.node.core.config, file, silent);
  const [until, oldEpoch] = [sent.length, await epochOf(alice)];
  await vi.waitUntil(() => sent.length >= until + 5, { timeout: 30_000 });
  enough = true;
  await Promise.all(writing);
  expect(readdirSync(folder)).toEqual(['kept.shh']);
  expect(until).toBeGreaterThan(acknowledged.length);

  const there = await target();
  const restored = await restoreBackup(configOf(there), file, {}, silent);
  expect(restored).toMatchObject({ files: 2, lost: [] });
  const node = await openNode({ ...GENEROUS, ...there.environment });
  expect((await alice.at(node).refused(...read(room))).code).toBe('UNAUTHENTICATED');
  const input = { username: alice.username, password: PASSWORD, cookies: false };
  const { accessToken } = (
    await new Person(node, { name: 'alice', id: '', accessToken: '' }).graphql(LOG_IN, { input })
  ).logIn;
  const again = new Person(node, { ...alice, accessToken });
  const last = await seqOf(again);
  const log = await logOf(again, last);
  expect(log).toEqual(await logOf(alice, last));
  const told = log.flatMap((entry: any) => (entry.__typename === 'MessageSent' ? entry.message.id : []));
  expect(acknowledged.filter((id) => !told.includes(id))).toEqual([]);
  await expectSound(node, room);
  expect(sha256(await bytesOf(again, photo))).toBe(sha256(await bytesOf(alice, photo)));
  expect((await bytesOf(again, photo, '/thumbnail')).length).toBe((await bytesOf(alice, photo, '/thumbnail')).length);

  // Whoever comes with what they had there is told so, and ends where one does who begins anew.
  const kept = again.follow(room, { after: await seqOf(alice), epoch: oldEpoch });
  const behind = again.follow(room, { after: 3, epoch: oldEpoch });
  for (const heard of [kept, behind]) {
    expect(await heard.next()).toMatchObject({ __typename: 'Reset', seq: last, epoch: await epochOf(again) });
  }
  expect(await epochOf(again)).not.toBe(oldEpoch);
  const anew = again.follow(room, { after: last });
  const { id } = await again.say(room, 'onwards');
  for (const heard of [kept, behind, anew])
    expect(await heard.next()).toMatchObject({ seq: last + 1, message: { id } });
  const page = (await again.graphql(...listMessages(room, { last: 3 }))).room.messages.nodes;
  expect(page.at(-1)).toMatchObject({ body: 'onwards', seq: last + 1 });
  await node.close();
});

test('every table and every column comes back, on the other kind of database too', async () => {
  const [first, second, third] = [
    await target(),
    { environment: { DATA_DIR: join(folder, 'embedded') } },
    await target(),
  ];
  await restoreBackup(configOf(first), file, {}, silent);
  const [copy, copyOfCopy] = [join(folder, 'copy.shh'), join(folder, 'copy of copy.shh')];
  const { tables } = await writeBackup(configOf(first), copy, silent);
  expect(Object.keys(tables)).toEqual(modelsOf(readFileSync(join(ROOT, 'prisma/schema.prisma'), 'utf8')));
  await restoreBackup(configOf(second), copy, { moved: true }, silent);
  if (third.url) expect(move(second.environment, third.url)).toMatch(/^Everything is in PostgreSQL now\./);
  else {
    await writeBackup(configOf(second), copyOfCopy, silent);
    await restoreBackup(configOf(third), copyOfCopy, { moved: true }, silent);
  }
  const expected = await contentsOf(configOf(first));
  expect(await contentsOf(configOf(second))).toEqual(expected);
  expect(await contentsOf(configOf(third))).toEqual(expected);
  expect(expected.entry?.length).toBeGreaterThan(30);
});

// As the operator does it who outgrows the embedded database.
function move(environment: Record<string, string>, url: string): string {
  const env = { PATH: process.env.PATH, ...environment };
  const args = ['--import', 'tsx', 'api/move.ts', url];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

const modelsOf = (schema: string) =>
  [...schema.matchAll(/^ {2}@@map\("(\w+)"\)/gm)].map(([, name]) => name ?? '').toSorted();

async function contentsOf(config: ReturnType<typeof readConfig>): Promise<Record<string, string[]>> {
  const { client, end } = await takeSnapshot(config, silent);
  const contents: Record<string, string[]> = {};
  for (const table of await tablesOf(client)) {
    const rows: string[] = [];
    for await (const some of rowsOf(client, table)) rows.push(...some);
    contents[table.name] = rows.map((row) => row.replace(/"epoch": "[^"]+"/, '"epoch": ""')).toSorted();
  }
  await end();
  return contents;
}

test('a backup that was cut short or altered is refused in one sentence, and nothing is changed', async () => {
  const there = await target();
  const before = await contentsOf(configOf(there));
  const whole = readFileSync(file);
  const altered = Buffer.from(whole);
  const middle = Math.floor(whole.length / 2);
  altered.writeUInt8(altered.readUInt8(middle) ^ 1, middle);
  const [cut, changed, other] = ['cut', 'changed', 'other'].map((name) => join(folder, `${name}.shh`)) as [
    string,
    string,
    string,
  ];
  writeFileSync(cut, whole.subarray(0, -20));
  writeFileSync(changed, altered);
  writeFileSync(other, 'not a backup at all');
  for (const damaged of [cut, changed, other]) {
    const sentence = await refusal(restoreBackup(configOf(there), damaged, { replace: true }, silent));
    expect(sentence).toContain('is no backup, or was cut short or changed');
  }
  expect(await refusal(restoreBackup(configOf(there), join(folder, 'none'), {}, silent))).toMatch(
    /^Cannot read .*none/,
  );
  expect(await contentsOf(configOf(there))).toEqual(before);
  const nowhere = await refusal(writeBackup(configOf(there), join(folder, 'no', 'such.shh'), silent));
  expect(nowhere).toMatch(/^Cannot write .*such\.shh\.part: .*no such file/);
});

test('a database in use, or with people in it, is left alone; one that may go is replaced with its files', async () => {
  const inUse = await refusal(restoreBackup(world.node.core.config, file, { replace: true }, silent));
  expect(inUse).toMatch(world.clustered ? /in use by shh.*stop every node first/ : /in use by process \d+: stop/);
  const there = await target();
  const node = await openNode({ ...GENEROUS, ...there.environment });
  const { dora } = await people({ person: (name) => register(node, name) }, 'dora');
  const attic = await dora.createRoom();
  const hers = await upload(dora, attic, { bytes: Buffer.from('old letters') });
  const place = join(node.core.config.filesDir, hers.slice(-2), hers);
  await node.close();
  expect(existsSync(place)).toBe(true);
  expect(await refusal(restoreBackup(configOf(there), file, {}, silent))).toMatch(/not empty.*--replace/);
  await restoreBackup(configOf(there), file, { replace: true }, silent);
  expect(existsSync(place)).toBe(false);
  const { user = [] } = await contentsOf(configOf(there));
  expect(user.join()).toContain(alice.id);
  expect(user.join()).not.toContain(dora.id);
});

test('killed in mid-restore, the database is what it was or what the backup has, and the restore can be done again', async () => {
  const there = await target();
  const program = `
    import { restoreBackup } from './api/backups/restore.ts';
    import { readConfig } from './api/config.ts';
    await restoreBackup(readConfig(), ${JSON.stringify(file)}, {}, () => {});`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '-e', program], {
    cwd: ROOT,
    env: { ...process.env, ...there.environment, NODE_OPTIONS: '' },
    stdio: 'inherit',
  });
  await vi.waitUntil(() => readdirOf(configOf(there).filesDir).length > 0, { interval: 1, timeout: 60_000 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = await contentsOf(configOf(there));
  const rows = Object.values(left).flat().length;
  if (left.user?.length === 0) expect(rows).toBe(left.instance?.length);
  else expect(left.user).toHaveLength(3);
  await restoreBackup(configOf(there), file, { replace: true }, silent);
  const node = await openNode({ ...GENEROUS, ...there.environment });
  await expectSound(node, room);
  await node.close();
});

test.runIf(process.env.SERVICES === 'cluster')(
  'a database that goes away in mid-restore is told of in one sentence, and is what it was',
  async () => {
    const there = await target();
    const own = join(folder, 'own.shh');
    await writeBackup(world.node.core.config, own, silent);
    const before = await contentsOf(configOf(there));
    const client = new pg.Client({ connectionString: there.url });
    await client.connect();
    const child = spawn(process.execPath, ['--import', 'tsx', 'api/restore.ts', own], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...there.environment },
    });
    const said: string[] = [];
    child.stderr.on('data', (part) => said.push(String(part)));
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = 'shh-chatroom' AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'shh_restoring')`;
    await vi.waitUntil(async () => (await client.query(cut)).rowCount, { interval: 5, timeout: 60_000 });
    expect(await once(child, 'close')).toEqual([1, null]);
    await client.end();
    expect(said.join('')).toMatch(
      /The restore was broken off \([^\n]+\): what was there is as it was\. Try again\.\n$/,
    );
    expect(await contentsOf(configOf(there))).toEqual(before);
  },
);

const readdirOf = (place: string) => (existsSync(place) ? readdirSync(place) : []);
