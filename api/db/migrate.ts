import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { StartError } from '../errors.ts';

// The key that Prisma's own engine locks.
const LOCK = 72707369;

const LEDGER = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

export type Migration = { name: string; sql: string; checksum: string };
type Applied = { name: string; checksum: string; finished: boolean };

/**
 * Applies what the folder has and the database lacks, in order, each in one transaction with its entry in the
 * ledger that `prisma migrate deploy` keeps too. Returns the names applied. Nodes that start at once take turns.
 */
export async function migrate(pool: pg.Pool, log: (line: string) => void, folder = migrationsFolder()) {
  const client = await pool.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
    return await applyMissing(client, readMigrations(folder), log);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${LOCK})`).catch(() => {});
    client.release();
  }
}

/** `prisma/migrations`, of the sources and of a bundle in `dist/` alike. */
export function migrationsFolder(from = fileURLToPath(new URL('.', import.meta.url))): string {
  const folder = join(from, 'prisma', 'migrations');
  if (existsSync(folder)) return folder;
  const parent = join(from, '..');
  if (parent === from) throw new StartError('The folder prisma/migrations is missing beside the program.');
  return migrationsFolder(parent);
}

/** What the folder has, in order. */
export function readMigrations(folder = migrationsFolder()): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readMigration(folder, name));
}

function readMigration(folder: string, name: string): Migration {
  const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

/** The same with a connection of one's own, into the schema that it looks at first. Takes no turns. */
export async function applyMissing(client: pg.PoolClient, migrations: Migration[], log: (line: string) => void) {
  await client.query(LEDGER);
  const applied = await readLedger(client);
  refuseStrange(migrations, applied);
  const missing = migrations.filter(({ name }) => !applied.some((row) => row.name === name));
  for (const migration of missing) {
    await apply(client, migration);
    log(`Applied migration ${migration.name}.`);
  }
  return missing.map(({ name }) => name);
}

/** What a database says that it has; it fails where there is no ledger. */
export async function readLedger(client: pg.PoolClient): Promise<Applied[]> {
  const { rows } = await client.query(`
    SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`);
  return rows;
}

function refuseStrange(migrations: Migration[], applied: Applied[]) {
  for (const { name, checksum, finished } of applied) {
    const migration = migrations.find((candidate) => candidate.name === name);
    if (!finished) throw new StartError(`Migration ${name} failed halfway: see \`prisma migrate resolve\`.`);
    if (!migration) throw new StartError(`The database is newer than this program: it has migration ${name}.`);
    if (migration.checksum !== checksum) {
      throw new StartError(`Migration ${name} was edited after this database applied it: restore the file.`);
    }
  }
}

async function apply(client: pg.PoolClient, { name, sql, checksum }: Migration) {
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw new StartError(`Migration ${name} failed and left nothing: ${(error as Error).message}.`, { cause: error });
  }
}
