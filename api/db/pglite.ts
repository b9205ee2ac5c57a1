import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { StartError } from '../errors.ts';
import { lockFolder } from './folderLock.ts';
import { PgliteStream } from './pgliteStream.ts';
import { PgliteThread } from './pgliteThread.ts';
import { createPool } from './pool.ts';

/** The PostgreSQL inside @electric-sql/pglite. A folder belongs to one major version. */
const MAJOR = '18';

type Log = (line: string) => void;
export type Embedded = { pool: pg.Pool; close(): Promise<void> };

/**
 * PostgreSQL in a worker thread, its files in `<dataDir>/pg`, which the first call makes. It has one session:
 * a statement outside an open transaction waits for that one's end. The folder is ours until `close`.
 */
export async function openPglite(dataDir: string, log: Log): Promise<Embedded> {
  const unlock = await takeFolder(dataDir);
  try {
    const folder = join(dataDir, 'pg');
    if (!existsSync(folder)) await initialise(folder, log);
    refuseOtherMajor(folder);
    return await serve(folder, unlock, log);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function takeFolder(dataDir: string) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return await lockFolder(dataDir);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`Cannot use the data folder ${dataDir}: ${(error as Error).message}.`, { cause: error });
  }
}

// In a process of its own, because it leaves half a gigabyte resident; under another name until it is whole.
async function initialise(folder: string, log: Log) {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (existsSync(beside('./pgTemplate'))) cpSync(beside('./pgTemplate'), unfinished, { recursive: true });
  else await make(folder, unfinished, log);
  renameSync(unfinished, folder);
}

async function make(folder: string, unfinished: string, log: Log) {
  log('Making the database. This takes a few seconds, once.');
  const { code, complaint } = await run(beside('./pgliteInit.js'), unfinished);
  if (code !== 0) throw new StartError(`Cannot make the database in ${folder}: ${complaint}`);
}

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function run(program: string, argument: string) {
  const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text) => complaints.push(text));
  const [code, signal] = await once(child, 'close');
  const complaint = complaints.join('').match(/^\w*Error: .*$/m)?.[0] ?? `it ended with ${code ?? signal}.`;
  return { code, complaint };
}

function refuseOtherMajor(folder: string) {
  const major = versionOf(folder);
  if (major === MAJOR) return;
  const found = major ? `was made by PostgreSQL ${major}` : 'holds no database';
  throw new StartError(`The data folder ${folder} ${found}, and this version of shh needs PostgreSQL ${MAJOR}.`);
}

function versionOf(folder: string): string | undefined {
  const file = join(folder, 'PG_VERSION');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

async function serve(folder: string, unlock: () => Promise<void>, log: Log): Promise<Embedded> {
  const thread = new PgliteThread(folder);
  await thread.ready().catch((error) => {
    throw new StartError(`Cannot open the database in ${folder}: ${error.message}.`, { cause: error });
  });
  const stream = () => new PgliteStream(thread);
  const pool = createPool({ max: 1, idleTimeoutMillis: 0, user: 'postgres', database: 'postgres', stream }, log);
  const close = async () => {
    await pool.end();
    await thread.stop();
    await unlock();
  };
  return { pool, close };
}
