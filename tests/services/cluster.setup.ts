import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../api/db/db.ts';
import { databaseName, startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** One PostgreSQL, one Redis, and a migrated database that tests copy. Gone at the end of the run. */
export default async function setup({ provide }: TestProject) {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const url = await postgres.createDatabase();
  const database = await openDatabase({ databaseUrl: url, dataDir: '' });
  await database.close();
  const folder = mkdtempSync(join(tmpdir(), 'shh-tests-'));
  provide('services', {
    kind: 'cluster',
    folder,
    postgresUrl: postgres.url,
    template: databaseName(url),
    redisUrl: redis.url,
  });
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
}
