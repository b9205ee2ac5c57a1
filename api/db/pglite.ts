import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { StartError } from '../errors.ts';
import { askHolder, type Errand, isHeld, lockFolder } from './folderLock.ts';
import { PgliteStream } from './pgliteStream.ts';
import { PgliteThread } from './pgliteThread.ts';
import { createPool } from './pool.ts';

/** The PostgreSQL inside @electric-sql/pglite. A folder belongs to one major version. */
const MAJOR = '18';
const COPY = 'copy the database into backup/pg';
const DONE = 'done';

type Log = (line: string) => void;
export type Embedded = { pool: pg.Pool; close(): Promise<void> };

/**
 * PostgreSQL in a worker thread, its files in `<dataDir>/pg`, which the first call makes. It has one session:
 * a statement outside an open transaction waits for that one's end. The folder is ours until `close`. A process that
 * asks for it gets a copy of the files, as they are between two statements, in `<dataDir>/backup/pg`.
 */
export async function openPglite(dataDir: string, log: Log): Promise<Embedded> {
  const thread = new PgliteThread(join(dataDir, 'pg'));
  const unlock = await takeFolder(dataDir, (request) => copyAside(request, dataDir, thread));
  return openTaken(thread, unlock, log);
}

/** What a copy that `copyOfRunning` left holds, until `close`, which removes it. */
async function openCopy(folder: string, unlock: () => Promise<void>, log: Log): Promise<Embedded> {
  const thread = new PgliteThread(join(folder, 'pg'));
  return openTaken(
    thread,
    async () => {
      rmSync(thread.folder, { recursive: true, force: true, maxRetries: 5 });
      await unlock();
    },
    log,
  );
}

/**
 * A copy of the database that another process has open, as it is at this moment; null when no process has it open.
 * Only who can write into the data folder gets one. One copy at a time.
 */
export async function copyOfRunning(dataDir: string, log: Log): Promise<Embedded | null> {
  if (!(await isHeld(dataDir))) return null;
  const folder = join(dataDir, 'backup');
  const unlock = await takeFolder(folder);
  try {
    rmSync(join(folder, 'pg'), { recursive: true, force: true, maxRetries: 5 });
    const answer = await askHolder(dataDir, COPY);
    if (answer === DONE) return await openCopy(folder, unlock, log);
    throw new StartError(answer || `The process that has ${dataDir} open did not answer: try again.`);
  } catch (error) {
    await unlock();
    throw error;
  }
}

// Whoever asks has made the folder, and so may write beside the database. Nothing that is there is written over.
async function copyAside(request: string, dataDir: string, thread: PgliteThread): Promise<string> {
  const target = join(dataDir, 'backup', 'pg');
  if (request !== COPY) return 'This process does not know what is asked of it: update both.';
  if (!existsSync(join(dataDir, 'backup')) || existsSync(target)) return 'There is no empty folder for the copy.';
  return thread.copyTo(target).then(
    () => DONE,
    (error) => `Cannot copy the database: ${error.message}.`,
  );
}

async function openTaken(thread: PgliteThread, unlock: () => Promise<void>, log: Log): Promise<Embedded> {
  try {
    if (!existsSync(thread.folder)) await initialise(thread.folder, log);
    refuseOtherMajor(thread.folder);
    return await serve(thread, unlock, log);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function takeFolder(dataDir: string, errand?: Errand) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return await lockFolder(dataDir, errand);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`Cannot use the data folder ${dataDir}: ${(error as Error).message}.`, { cause: error });
  }
}

// In a process of its own, because it leaves half a gigabyte resident; under another name until it is whole.
async function initialise(folder: string, log: Log) {
  const unfinished = `${folder}.new`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    if (existsSync(beside('./pgTemplate'))) cpSync(beside('./pgTemplate'), unfinished, { recursive: true });
    else await make(unfinished, log);
    renameSync(unfinished, folder);
  } catch (error) {
    throw new StartError(`Cannot make the database in ${folder}: ${(error as Error).message}.`, { cause: error });
  }
}

async function make(unfinished: string, log: Log) {
  log('Making the database. This takes a few seconds, once.');
  const { code, complaint } = await run(beside('./pgliteInit.js'), unfinished);
  if (code !== 0) throw new Error(complaint);
}

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function run(program: string, argument: string) {
  const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text) => complaints.push(text));
  const [code, signal] = await once(child, 'close');
  const complaint = complaints.join('').match(/^\w*Error: .*$/m)?.[0] ?? `it ended with ${code ?? signal}`;
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

async function serve(thread: PgliteThread, unlock: () => Promise<void>, log: Log): Promise<Embedded> {
  await thread.ready().catch((error) => {
    throw new StartError(`Cannot open the database in ${thread.folder}: ${error.message}.`, { cause: error });
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
