import type pg from 'pg';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { isUnavailable } from '../db/driverErrors.ts';
import { applyMissing, readMigrations } from '../db/migrate.ts';
import { openPglite } from '../db/pglite.ts';
import { openPostgres } from '../db/postgres.ts';
import { StartError } from '../errors.ts';
import { checkStorage, openStorage, type Storage } from '../storage/storage.ts';
import { readArchive } from './archive.ts';
import { namedBlobs } from './backup.ts';
import { countRows, filling, insertRows, quoted, tablesOf } from './tables.ts';
import { objectsOf, refuseUnfit } from './target.ts';

const DRAFT = 'shh_restoring';
const ManifestOf = z.object({
  format: z.literal(1),
  takenAt: z.string(),
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.record(z.string(), z.object({ columns: z.array(z.string()), rows: z.number() })),
  files: z.number(),
  lost: z.array(z.string()),
});
type Contents = z.output<typeof ManifestOf>;

/** What lets people in or gives them rights, as it was then: whether it still should, only they can tell. */
export interface Standing {
  administrators: number;
  passkeys: number;
  /** Of those who are asked for a second factor, the apps that show its codes. */
  codeApps: number;
  recoveryCodes: number;
  /** Of encrypted rooms, those that are not revoked. */
  devices: number;
}
export type Restored = Contents & { standing: Standing };

export interface Terms {
  /** Whether what the database holds may go. */
  replace?: boolean;
  /** True where no time has passed since the backup: everybody stays signed in. */
  moved?: boolean;
}

/**
 * Makes the database of `config` what the backup has, brought forward to this program's version, and its files too. The
 * log has another epoch then. Until the last step, which happens whole or not at all, the database is as it was.
 */
export async function restoreBackup(
  config: Config,
  file: string,
  terms: Terms,
  log: (line: string) => void,
): Promise<Restored> {
  const manifest = await check(file);
  await checkStorage(config);
  const { databaseUrl, dataDir } = config;
  const { pool, close } = databaseUrl ? await openPostgres(databaseUrl, log) : await openPglite(dataDir, log);
  const client = await pool.connect();
  try {
    const home = await refuseUnfit(client, terms.replace ?? false);
    await restore(client, { home, file, manifest, terms, log, storage: openStorage(config) });
    return { ...manifest, standing: await standingIn(client) };
  } finally {
    client.release();
    await close();
  }
}

// Everything is read once before anything is changed.
async function check(file: string): Promise<Contents> {
  const members = readArchive(file);
  let next = await members.next();
  while (!next.done) next = await members.next();
  const manifest = ManifestOf.safeParse(next.value);
  if (!manifest.success) throw new StartError(`${file} was made by a newer version of shh: restore it with that one.`);
  const known = new Map(readMigrations().map(({ name, checksum }) => [name, checksum]));
  const strange = manifest.data.migrations.find(({ name, checksum }) => known.get(name) !== checksum);
  if (!strange) return manifest.data;
  throw new StartError(
    `${file} was made by another version of shh, which has migration ${strange.name}: update first.`,
  );
}

interface Job {
  home: string;
  file: string;
  manifest: Contents;
  terms: Terms;
  log: (line: string) => void;
  storage: Storage;
}

async function restore(client: pg.PoolClient, job: Job) {
  const before = (await namedBlobs(client)).map(({ key }) => key);
  await client.query(`DROP SCHEMA IF EXISTS ${DRAFT} CASCADE`);
  await client.query(`CREATE SCHEMA ${DRAFT}`);
  await client.query(`SET search_path = ${DRAFT}`);
  try {
    const put = await build(client, job);
    const named = new Set((await namedBlobs(client)).map(({ key }) => key));
    await swap(client, job.home);
    await job.storage.remove([...new Set([...before, ...put])].filter((key) => !named.has(key)));
  } catch (error) {
    throw brokenOff(error as NodeJS.ErrnoException);
  } finally {
    // Where the disk is full or the database gone this fails too: the next restore begins with it.
    await client.query(`RESET search_path; DROP SCHEMA IF EXISTS ${DRAFT} CASCADE`).catch(() => {});
  }
}

function brokenOff(error: NodeJS.ErrnoException): Error {
  if (!isUnavailable(error) && !/^(ENOSPC|EDQUOT)$/.test(error.code ?? '')) return error;
  return new StartError(`The restore was broken off (${error.message}): what was there is as it was. Try again.`, {
    cause: error,
  });
}

async function build(client: pg.PoolClient, { file, manifest, storage, terms, log }: Job): Promise<string[]> {
  const put: string[] = [];
  const then = new Set(manifest.migrations.map(({ name }) => name));
  const quiet = () => {};
  await applyMissing(
    client,
    readMigrations().filter(({ name }) => then.has(name)),
    quiet,
  );
  await filling(client, async () => {
    for await (const { name, bytes } of readArchive(file)) {
      const [kind, key = ''] = name.split('/');
      if (kind === 'files') await storage.put(key, bytes);
      if (kind === 'files') put.push(key);
      else await insertRows(client, { name: key, columns: columnsOf(manifest, key) }, bytes.toString().split('\n'));
    }
  });
  await refuseIncomplete(client, manifest);
  await applyMissing(client, readMigrations(), log);
  await beginAnotherLife(client, terms);
  return put;
}

function columnsOf({ tables }: Contents, name: string): string[] {
  const table = tables[name];
  if (!table) throw new StartError(`The backup has rows of ${name} and does not say what they are.`);
  return table.columns;
}

async function refuseIncomplete(client: pg.PoolClient, { tables }: Contents) {
  for (const table of await tablesOf(client)) {
    const [found, said] = [await countRows(client, table), tables[table.name]?.rows ?? 0];
    if (found !== said)
      throw new StartError(`Of ${said} rows of ${table.name}, ${found} came back: nothing was changed.`);
  }
}

// What may have been revoked, used up or lost since the backup opens nothing.
const OPENERS = [
  ...['session', 'personal_token', 'reset_link', 'passkey_challenge'],
  ...['invitation', 'room_link', 'incoming_webhook'],
];

async function beginAnotherLife(client: pg.PoolClient, { moved }: Terms) {
  await client.query('UPDATE instance SET epoch = gen_random_uuid()');
  await client.query('DELETE FROM file WHERE ready_at IS NULL');
  if (moved) return;
  for (const table of OPENERS) await client.query(`DELETE FROM ${table}`);
  await client.query('UPDATE outgoing_webhook SET stopped_at = coalesce(stopped_at, now())');
}

async function standingIn(client: pg.PoolClient): Promise<Standing> {
  const { rows } = await client.query<Standing>(`
    SELECT count(*) FILTER (WHERE is_admin)::int AS administrators,
      (SELECT count(*)::int FROM passkey) AS passkeys,
      (SELECT count(*)::int FROM code_app WHERE used_step IS NOT NULL) AS "codeApps",
      count(recovery_hash)::int AS "recoveryCodes",
      (SELECT count(*)::int FROM device WHERE revoked_at IS NULL) AS devices
    FROM "user"`);
  return rows[0] as Standing;
}

async function swap(client: pg.PoolClient, home: string) {
  await client.query('BEGIN');
  try {
    for (const { kind, name } of await objectsOf(client, home))
      await client.query(`DROP ${kind} IF EXISTS ${name} CASCADE`);
    for (const { kind, name } of await objectsOf(client, DRAFT)) {
      await client.query(`ALTER ${kind} ${name} SET SCHEMA ${quoted(home)}`);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
