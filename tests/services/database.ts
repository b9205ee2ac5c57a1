import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../api/db/db.ts';
import { createDatabase, dropDatabase } from './postgres.ts';

/** What the global setup of a project made for its tests. */
export type Services =
  | { kind: 'embedded'; folder: string; template: string }
  | { kind: 'cluster'; folder: string; template: string; postgresUrl: string; redisUrl: string };

declare module 'vitest' {
  interface ProvidedContext {
    services: Services;
  }
}

export type TestDatabase = {
  /** With it, every node that is started uses this database, and the same bus. */
  environment: Record<string, string>;
  /** Whether more than one node can use it. */
  clustered: boolean;
  url?: string;
  dataDir: string;
  /** Once nobody uses it. */
  drop(): Promise<void>;
};

const SECRET_KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0';

/** A database of its own, migrated and empty, of the kind that the project is for. Nothing has opened it yet. */
export async function prepareTestDatabase(): Promise<TestDatabase> {
  const services = inject('services');
  const dataDir = mkdtempSync(join(services.folder, 'data-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  const environment = { DATA_DIR: dataDir, SECRET_KEY };
  if (services.kind === 'embedded') {
    cpSync(services.template, dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE });
    return { environment, clustered: false, dataDir, drop: async () => remove() };
  }
  const { postgresUrl, template, redisUrl } = services;
  const url = await createDatabase(postgresUrl, template);
  const drop = async () => {
    await dropDatabase(url, postgresUrl);
    remove();
  };
  return {
    environment: { ...environment, DATABASE_URL: url, REDIS_URL: redisUrl },
    clustered: true,
    url,
    dataDir,
    drop,
  };
}

/** The same, opened; `close` closes and drops it. */
export async function openTestDatabase(): Promise<Database & Pick<TestDatabase, 'url' | 'dataDir'>> {
  const { url, dataDir, drop } = await prepareTestDatabase();
  const database = await openDatabase({ databaseUrl: url, dataDir });
  const close = async () => {
    await database.close();
    await drop();
  };
  return { ...database, url, dataDir, close };
}
