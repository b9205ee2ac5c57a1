import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { Config } from '../config.ts';
import { copyOfRunning, openPglite } from '../db/pglite.ts';
import { openPostgres } from '../db/postgres.ts';
import { StartError } from '../errors.ts';

type Log = (line: string) => void;

/** The whole database as it was at one moment, however long one looks at it. */
export interface Snapshot {
  client: pg.PoolClient;
  end(): Promise<void>;
}

/** Where snapshots come from: PostgreSQL, or the embedded database, whether a server has it open or not. */
export function takeSnapshot({ databaseUrl, dataDir }: Config, log: Log): Promise<Snapshot> {
  return databaseUrl ? snapshotOf(openPostgres(databaseUrl, log)) : snapshotOf(openEmbedded(dataDir, log));
}

async function openEmbedded(dataDir: string, log: Log) {
  if (!existsSync(join(dataDir, 'pg'))) throw new StartError(`There is no database in ${dataDir} to back up.`);
  return (await copyOfRunning(dataDir, log)) ?? openPglite(dataDir, log);
}

async function snapshotOf(opening: Promise<{ pool: pg.Pool; close(): Promise<void> }>): Promise<Snapshot> {
  const { pool, close } = await opening;
  const client = await pool.connect();
  const end = async () => {
    await client.query('ROLLBACK').catch(() => {});
    client.release();
    await close();
  };
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query("SET LOCAL bytea_output = 'hex'");
    return { client, end };
  } catch (error) {
    await end();
    throw error;
  }
}
