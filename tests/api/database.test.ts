import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Database, openDatabase, Prisma } from '../../api/db/db.ts';
import { causeOf, isCheckViolation, isUnavailable, isUniqueViolation } from '../../api/db/driverErrors.ts';
import { migrate, migrationsFolder } from '../../api/db/migrate.ts';
import { openPglite } from '../../api/db/pglite.ts';
import { openPostgres } from '../../api/db/postgres.ts';
import { StartError } from '../../api/errors.ts';
import { openTestDatabase, prepareTestDatabase } from '../services/database.ts';
import { freePort } from '../services/server.ts';

const embedded = process.env.SERVICES === 'embedded';
const silent = () => {};

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let prisma: Database['prisma'];

beforeAll(async () => {
  database = await openTestDatabase();
  prisma = database.prisma;
});

afterAll(() => database.close());

describe('the database refuses', () => {
  test('plaintext in an encrypted room', async () => {
    const room = await encryptedRoom();
    await refused(say(room, 1, 'hello'), 'entry_no_plaintext');
  });

  test('a new wording for what was said before the room was encrypted, but lets it go', async () => {
    const room = await publicRoom();
    const { id } = await say(room, 1, 'hello');
    await prisma.room.update({ where: { id: room.id }, data: ENCRYPTED });
    await refused(prisma.entry.update({ where: { id }, data: { body: 'hello!' } }), 'entry_no_plaintext');
    const gone = { body: null, deletedAt: new Date() };
    expect(await prisma.entry.update({ where: { id }, data: gone })).toMatchObject({ body: null });
  });

  test('to make an encrypted room plain again', async () => {
    const { id } = await encryptedRoom();
    await refused(prisma.room.update({ where: { id }, data: { encryption: 'NONE' } }), 'room_stays_encrypted');
    await refused(prisma.$executeRaw`UPDATE room SET encryption = 'NONE'`, 'room_stays_encrypted');
  });

  test('to go back to an earlier generation', async () => {
    const { id } = await encryptedRoom({ generation: 3 });
    await refused(prisma.room.update({ where: { id }, data: { generation: 2 } }), 'room_generation_grows');
    expect(await prisma.room.update({ where: { id }, data: { generation: 4 } })).toMatchObject({ generation: 4 });
  });

  test('an entry that is half plain and half encrypted', async () => {
    const room = await publicRoom();
    const bytes = Uint8Array.of(1);
    await refused(say(room, 1, 'hello', { encoding: 'MLS' }), 'only_in_encrypted_rooms');
    await refused(say(await encryptedRoom(), 1, 'hello', { encoding: 'MLS' }), 'entry_no_plaintext');
    for (const column of ['mls', 'sealed', 'sealedHash']) {
      await refused(say(room, 1, 'hello', { [column]: bytes }), 'entry_plain_has_no_mls');
    }
  });

  test('a second commit in one epoch', async () => {
    const room = await encryptedRoom();
    const commit = (seq: number, groupEpoch: number | null) =>
      say(room, seq, null, { kind: 'COMMIT', encoding: 'MLS', generation: 0, groupEpoch });
    await commit(1, 0);
    await commit(2, 1);
    expect(isUniqueViolation(await failure(commit(3, 1)), 'entry_commit_key')).toBe(true);
    await refused(commit(3, null), 'entry_commit_has_epoch');
  });

  test('positions that are not positive, and the same one twice', async () => {
    const room = await publicRoom();
    await refused(say(room, 0, 'hello'), 'entry_seq_positive');
    await say(room, 1, 'hello');
    expect(isUniqueViolation(await failure(say(room, 1, 'hello')), 'entry_pkey')).toBe(true);
  });

  test('rooms whose name does not fit their kind', async () => {
    const directKey = randomUUID();
    await refused(makeRoom({ kind: 'DIRECT', directKey, name: 'us two' }), 'room_direct_has_no_name');
    await refused(makeRoom({ kind: 'DIRECT' }), 'room_direct_has_key');
    await refused(makeRoom({ kind: 'PRIVATE', name: 'kitchen', directKey }), 'room_only_direct_has_key');
    await refused(makeRoom({ kind: 'PRIVATE' }), 'room_has_name');
    await refused(makeRoom({ kind: 'PRIVATE', name: 'kitchen', nameKey: 'kitchen' }), 'room_name_key_is_public');
    const gone = { kind: 'PUBLIC', name: 'gone', deletedAt: new Date() } as const;
    await refused(makeRoom({ ...gone, nameKey: 'gone' }), 'room_name_key_is_public');
    await makeRoom({ kind: 'PRIVATE', encryption: 'MLS' });
    await makeRoom({ ...gone, name: null });
  });

  test('a second installation', async () => {
    expect(isUniqueViolation(await failure(prisma.instance.create({ data: {} })), 'instance_pkey')).toBe(true);
    await refused(prisma.instance.create({ data: { only: false } }), 'instance_only_one');
  });

  test.skipIf(embedded)('plaintext that is sent while the room is being encrypted', async () => {
    const room = await publicRoom();
    const encrypted = prisma.$transaction(async (tx) => {
      await tx.room.update({ where: { id: room.id }, data: ENCRYPTED });
      await sleep(300);
    });
    await sleep(100);
    await refused(say(room, 1, 'hello'), 'entry_no_plaintext');
    await encrypted;
  });
});

describe('errors', () => {
  test('of a taken name are recognised in every kind of query', async () => {
    const { username } = await makeUser();
    const attempts = [
      () => makeUser(username),
      () => prisma.user.createMany({ data: [userNamed(username)] }),
      () => prisma.$transaction((tx) => tx.user.create({ data: userNamed(username) })),
      () => prisma.$executeRaw(insertUser(username)),
      () => prisma.$queryRaw(Prisma.sql`${insertUser(username)} RETURNING id`),
      () => prisma.$transaction((tx) => tx.$queryRaw(Prisma.sql`${insertUser(username)} RETURNING id`)),
    ];
    for (const attempt of attempts) {
      const error = await failure(attempt());
      expect(isUniqueViolation(error)).toBe(true);
      expect(isUniqueViolation(error, 'user_username_key_key')).toBe(true);
      expect(isUniqueViolation(error, 'user_email_key_key')).toBe(false);
      expect(isUnavailable(error)).toBe(false);
    }
  });

  test('of another kind are not taken for it', async () => {
    for (const error of [
      await failure(prisma.$queryRaw`SELECT nonsense`),
      new Error('23505'),
      null,
      undefined,
      'P2002',
    ]) {
      expect(isUniqueViolation(error)).toBe(false);
      expect(isCheckViolation(error)).toBe(false);
      expect(isUnavailable(error)).toBe(false);
    }
  });

  test('never show what a row holds', async () => {
    const error = await failure(say(await publicRoom(), 0, 'between us two'));
    expect(JSON.stringify([error, (error as Error).message, (error as { meta: unknown }).meta])).not.toMatch(
      /between us/,
    );
  });

  test('in a transaction undo all of it, and the next query works', async () => {
    const username = randomUUID();
    await failure(
      prisma.$transaction([prisma.user.create({ data: userNamed(username) }), prisma.$executeRaw`SELECT 1/0`]),
    );
    expect(await prisma.user.count({ where: { username } })).toBe(0);
  });

  test('of a full disk are recognised, and called as PostgreSQL calls them', async () => {
    const full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$";
    const error = await failure(prisma.$executeRawUnsafe(full));
    expect([isUnavailable(error), causeOf(error)]).toEqual([true, '53100']);
  });

  test('of a change that the database no longer commits are recognised', async () => {
    const error = await failure(
      prisma.$transaction(async (tx) => {
        await tx.$executeRaw`CREATE TEMP TABLE doomed (n int)`;
        await tx.$executeRaw`CREATE FUNCTION pg_temp.doom() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION 'going down' USING ERRCODE = 'admin_shutdown'; END $$`;
        await tx.$executeRaw`CREATE CONSTRAINT TRIGGER doom AFTER INSERT ON doomed
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.doom()`;
        await tx.$executeRaw`INSERT INTO doomed VALUES (1)`;
      }),
    );
    expect([isUnavailable(error), causeOf(error)]).toEqual([true, '57P01']);
  });

  test.skipIf(embedded)('of a lost connection are recognised, and the next query works', async () => {
    const error = await failure(prisma.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`);
    expect(isUnavailable(error)).toBe(true);
    expect(await prisma.instance.count()).toBe(1);
  });

  test.skipIf(embedded)(
    'of a connection that is lost in a transaction are recognised, whatever is asked there next',
    async () => {
      const errors: unknown[] = [];
      const note = (error: unknown) => void errors.push(error);
      const whole = prisma.$transaction(async (tx) => {
        await tx.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`.catch(note);
        await sleep(200);
        await tx.instance.count().catch(note);
        await tx.$queryRaw`SELECT 1`.catch(note);
      });
      errors.push(await failure(whole));
      expect(errors.map(isUnavailable)).toEqual([true, true, true, true]);
    },
  );

  test('of a transaction that took too long are recognised', async () => {
    const slow = prisma.$transaction(
      async (tx) => {
        await sleep(200);
        await tx.instance.count();
      },
      { timeout: 50 },
    );
    const error = await failure(slow);
    expect([isUnavailable(error), causeOf(error)]).toEqual([true, 'P2028']);
  });
});

describe('times', () => {
  test('are stored and read as the moments that they are', async () => {
    const moment = new Date('2026-03-29T00:59:59.123Z');
    await prisma.instance.updateMany({ data: { setUpAt: moment } });
    const [row] = await prisma.$queryRaw<{ epoch: number }[]>`
      SELECT (extract(epoch FROM set_up_at) * 1000)::float8 AS epoch FROM instance`;
    expect(row?.epoch).toBe(moment.getTime());
    expect((await prisma.instance.findFirst())?.setUpAt).toEqual(moment);
  });
});

describe('migrations', () => {
  test('are applied once', async () => {
    const { pool } = await openPool();
    const folder = migrationsAnd('CREATE TABLE extra (id INT)');
    expect(await migrate(pool, silent, folder)).toEqual(['99990101000000_extra']);
    expect(await migrate(pool, silent, folder)).toEqual([]);
    const { rows } = await pool.query('SELECT * FROM _prisma_migrations ORDER BY started_at DESC LIMIT 1');
    expect(rows[0]).toMatchObject({ migration_name: '99990101000000_extra', applied_steps_count: 1, logs: null });
    expect(rows[0].finished_at).toBeInstanceOf(Date);
  });

  test('that were edited afterwards are named', async () => {
    const { pool } = await openPool();
    const folder = migrationsAnd('CREATE TABLE extra (id INT)');
    await migrate(pool, silent, folder);
    appendFileSync(join(folder, '99990101000000_extra', 'migration.sql'), '\n-- and more');
    const error = await failure(migrate(pool, silent, folder));
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toMatch(/^Migration 99990101000000_extra was edited .*\.$/);
  });

  test('that fail leave nothing, and can be mended', async () => {
    const { pool } = await openPool();
    const broken = migrationsAnd('CREATE TABLE extra (id INT);\nCREATE TABLE extra (id INT)');
    const error = await failure(migrate(pool, silent, broken));
    expect((error as Error).message).toMatch(/^Migration 99990101000000_extra failed .*"extra" already exists\.$/);
    const { rows } = await pool.query("SELECT to_regclass('extra') AS extra, count(*)::int FROM _prisma_migrations");
    expect(rows).toEqual([{ extra: null, count: readdirSync(migrationsFolder()).length - 1 }]);
    expect(await migrate(pool, silent, migrationsAnd('CREATE TABLE extra (id INT)'))).toHaveLength(1);
  });

  test('that this program does not know refuse the start', async () => {
    const { pool } = await openPool();
    await migrate(pool, silent, migrationsAnd('CREATE TABLE extra (id INT)'));
    const error = await failure(migrate(pool, silent));
    expect((error as Error).message).toMatch(/newer than this program.*99990101000000_extra/);
  });

  test.skipIf(embedded)('are applied by one of two nodes that start at once', async () => {
    const { url = '', drop } = await prepareTestDatabase();
    onTestFinished(drop);
    const folder = migrationsAnd('CREATE TABLE extra (id INT); SELECT pg_sleep(0.3)');
    const applied = await Promise.all([1, 2, 3].map(() => migrateAsNode(url, folder)));
    expect(applied.flat()).toEqual(['99990101000000_extra']);
  });
});

describe('a start that cannot go on says why in one sentence', () => {
  test('when nobody listens there', async () => {
    const port = await freePort();
    const error = await opening(`postgresql://ann:secret@127.0.0.1:${port}/chat`);
    expect(error.message).toMatch(new RegExp(`^Cannot reach PostgreSQL at 127.0.0.1:${port}: .*ECONNREFUSED.*\\.$`));
  });

  test('when the host has no address', async () => {
    const error = await opening('postgresql://ann:secret@nowhere.invalid/chat');
    expect(error.message).toMatch(/^Cannot reach PostgreSQL at nowhere\.invalid: .*nowhere\.invalid.*\.$/);
  });

  test.skipIf(embedded)('when the password is wrong', async () => {
    const error = await opening(Object.assign(new URL(database.url ?? ''), { password: 'wrong' }).href);
    expect(error.message).toMatch(/^PostgreSQL at [\d.]+:\d+ refuses the password of "postgres"\.$/);
  });

  test.skipIf(embedded)('when there is no such database', async () => {
    const error = await opening(Object.assign(new URL(database.url ?? ''), { pathname: '/nothing' }).href);
    expect(error.message).toMatch(/^PostgreSQL at [\d.]+:\d+ has no database "nothing"\.$/);
  });

  test.skipIf(embedded)('when the database has no room for every letter', async () => {
    const name = `latin_${randomUUID().slice(0, 8)}`;
    await prisma.$executeRawUnsafe(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    const error = await opening(Object.assign(new URL(database.url ?? ''), { pathname: `/${name}` }).href);
    expect(error.message).toMatch(/is encoded as LATIN1: make one with ENCODING 'UTF8'\.$/);
    await prisma.$executeRawUnsafe(`DROP DATABASE ${name}`);
  });

  test.skipIf(embedded)('when it may make no tables, with what to do about it', async () => {
    const name = `ann_${randomUUID().slice(0, 8)}`;
    await prisma.$executeRawUnsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
    const error = await opening(
      Object.assign(new URL(database.url ?? ''), { username: name, password: 'secret' }).href,
    );
    expect(error.message).toMatch(
      new RegExp(`lets "${name}" make no tables: GRANT CREATE ON SCHEMA public TO "${name}"\\.$`),
    );
    await prisma.$executeRawUnsafe(`DROP ROLE ${name}`);
  });

  test.skipIf(embedded)('and goes on, with a word, where searches know only the letters of English', async () => {
    const name = `ascii_${randomUUID().slice(0, 8)}`;
    await prisma.$executeRawUnsafe(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'`,
    );
    const lines: string[] = [];
    const databaseUrl = Object.assign(new URL(database.url ?? ''), { pathname: `/${name}` }).href;
    const opened = await openDatabase({ databaseUrl, dataDir: '', log: (line) => lines.push(line) });
    await opened.close();
    expect(lines[0]).toMatch(/^The database of .* knows no large and small letters beyond ASCII.*\.$/);
    await prisma.$executeRawUnsafe(`DROP DATABASE ${name}`);
  });

  async function opening(databaseUrl: string): Promise<Error> {
    const error = await failure(openDatabase({ databaseUrl, dataDir: '' }));
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).not.toMatch(/secret|wrong/);
    return error as Error;
  }
});

describe.runIf(embedded)('the data folder', () => {
  test('is made for one person, with a database in it, also after an interrupted first start', async () => {
    const dataDir = join(temporaryFolder(), 'deep', 'data');
    mkdirSync(join(dataDir, 'pg.new', 'base'), { recursive: true });
    const lines: string[] = [];
    const opened = await openDatabase({ dataDir, log: (line) => lines.push(line) });
    expect(await opened.prisma.instance.count()).toBe(1);
    await opened.close();
    expect(readdirSync(dataDir)).toEqual(['pg']);
    expect(lines[0]).toMatch(/^Making the database/);
    if (process.platform !== 'win32') expect(statSync(join(dataDir, 'pg')).mode & 0o777).toBe(0o700);
  });

  test('belongs to one process, until that one dies', async () => {
    const { dataDir, drop } = await prepareTestDatabase();
    onTestFinished(drop);
    const other = await openInAnotherProcess(dataDir);
    const error = await failure(openDatabase({ dataDir }));
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toBe(
      `The data folder ${dataDir} is in use by process ${other.pid}: stop that one first.`,
    );
    await kill(other);
    const opened = await openDatabase({ dataDir });
    expect(await opened.prisma.instance.findFirst()).toMatchObject({ name: 'written by the other' });
    await opened.close();
  });

  test.skipIf(process.platform === 'win32')('stays with a process that is too busy to answer', async () => {
    const { dataDir, drop } = await prepareTestDatabase();
    onTestFinished(drop);
    const other = await openInAnotherProcess(dataDir);
    other.kill('SIGSTOP');
    expect(((await failure(openDatabase({ dataDir }))) as Error).message).toMatch(/is in use by another process/);
    await kill(other);
  });

  test.skipIf(process.platform === 'win32')(
    'stays with a process whose visitors go before they are answered',
    async () => {
      const { dataDir, drop } = await prepareTestDatabase();
      onTestFinished(drop);
      const opened = await openDatabase({ dataDir });
      for (let n = 0; n < 20; n++) {
        const visitor = connect(join(dataDir, 'lock'));
        await once(visitor, 'connect');
        visitor.write('something\n');
        visitor.destroy();
      }
      expect(((await failure(openDatabase({ dataDir }))) as Error).message).toMatch(/is in use by process/);
      await opened.close();
    },
  );

  test('that two processes want after a crash goes to one of them', async () => {
    const { dataDir, drop } = await prepareTestDatabase();
    onTestFinished(drop);
    await kill(await openInAnotherProcess(dataDir));
    const results = await Promise.allSettled([1, 2, 3].map(() => openDatabase({ dataDir })));
    const [winner, ...others] = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    expect(others).toEqual([]);
    expect(await winner?.prisma.instance.count()).toBe(1);
    await winner?.close();
  });

  test('may lie deep', async () => {
    const { dataDir, drop } = await prepareTestDatabase();
    const deep = join(temporaryFolder(), ...Array(6).fill('a-folder-with-a-long-name'));
    cpSync(dataDir, deep, { recursive: true });
    await drop();
    const opened = await openDatabase({ dataDir: deep });
    expect(((await failure(openDatabase({ dataDir: deep }))) as Error).message).toMatch(/is in use by process/);
    await opened.close();
  });

  test('of another PostgreSQL is left alone', async () => {
    const { dataDir, drop } = await prepareTestDatabase();
    onTestFinished(drop);
    writeFileSync(join(dataDir, 'pg', 'PG_VERSION'), '17\n');
    expect(((await failure(openDatabase({ dataDir }))) as Error).message).toMatch(
      /was made by PostgreSQL 17, .* needs/,
    );
  });

  test('does not hold up the program during a long query', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await prisma.$queryRaw`SELECT count(*) FROM generate_series(1, 3000000)`;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });
});

function userNamed(username: string = randomUUID()) {
  return { username, usernameKey: username, displayName: username, passwordHash: '' };
}

const makeUser = (username?: string) => prisma.user.create({ data: userNamed(username) });

const insertUser = (name: string) => Prisma.sql`
  INSERT INTO "user" (id, username, username_key, display_name, password_hash)
  VALUES (gen_random_uuid(), ${name}, ${name}, ${name}, '')`;

const makeRoom = (data: Prisma.RoomCreateInput) => prisma.room.create({ data });
const publicRoom = () => makeRoom({ kind: 'PUBLIC', name: 'kitchen', nameKey: randomUUID() });
/** What a room is once it is encrypted: without words, and not public. */
const ENCRYPTED = { encryption: 'MLS', kind: 'PRIVATE', name: null, nameKey: null, topic: '' } as const;
const encryptedRoom = (more: object = {}) => makeRoom({ kind: 'PRIVATE', encryption: 'MLS', ...more });

function say(
  room: { id: string },
  seq: number,
  body: string | null,
  more: { kind?: 'COMMIT'; [column: string]: unknown } = {},
) {
  const place = more.kind ? {} : { ordinal: seq, changedSeq: seq };
  const data = { roomId: room.id, seq, id: randomUUID(), kind: 'MESSAGE' as const, body, ...place, ...more };
  return prisma.entry.create({ data });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('this should have been refused'),
    (error) => error,
  );
}

const SAID: Record<string, string> = {
  entry_no_plaintext: 'takes no plaintext',
  only_in_encrypted_rooms: 'is not encrypted',
  room_stays_encrypted: 'is encrypted for good',
  room_generation_grows: 'never decreases',
};

async function refused(promise: Promise<unknown>, guard: string) {
  const error = await failure(promise);
  expect((error as Error).message).toContain(SAID[guard] ?? `"${guard}"`);
  expect(isCheckViolation(error)).toBe(true);
}

async function openPool(): Promise<{ pool: pg.Pool }> {
  const { url, dataDir, drop } = await prepareTestDatabase();
  const opened = url ? await openPostgres(url, silent) : await openPglite(dataDir, silent);
  onTestFinished(async () => {
    await opened.close();
    await drop();
  });
  return opened;
}

async function migrateAsNode(url: string, folder: string) {
  const { pool, close } = await openPostgres(url, silent);
  return migrate(pool, silent, folder).finally(close);
}

function migrationsAnd(sql: string): string {
  const folder = temporaryFolder();
  cpSync(migrationsFolder(), folder, { recursive: true });
  mkdirSync(join(folder, '99990101000000_extra'));
  writeFileSync(join(folder, '99990101000000_extra', 'migration.sql'), sql);
  return folder;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shh-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openInAnotherProcess(dataDir: string): Promise<ChildProcess> {
  const program = `
    import { openDatabase } from './api/db/db.ts';
    const { prisma } = await openDatabase({ dataDir: process.env.FOLDER });
    await prisma.instance.updateMany({ data: { name: 'written by the other' } });
    console.log('open');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type', 'module', '-e', program], {
    env: { ...process.env, FOLDER: dataDir, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).toBe('open\n');
  return child;
}

async function kill(child: ChildProcess) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
