import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import { migrate } from './migrate.ts';
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

export { Prisma, PrismaClient } from '../generated/prisma/client.ts';

/** Every column of a model, of the table that `table` names, as Prisma calls them. */
export const allColumns = (table: string, fields: Record<string, string>) =>
  Prisma.raw(
    Object.values(fields)
      .map((field) => `${table}."${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}" AS "${field}"`)
      .join(', '),
  );

export type Database = {
  prisma: PrismaClient;
  embedded: boolean;
  /** Finishes what runs, then lets go of the connections and of the folder. */
  close(): Promise<void>;
};

/** A statement that begins so is planned once for each connection: that takes longer than running it. */
const PREPARED = '/* prepared */';
const names = new Map<string, string>();

/** The name under which the database keeps a statement; none for all but those that begin so, whose texts are few. */
function nameOf({ sql }: { sql: string }): string {
  if (!sql.startsWith(PREPARED)) return '';
  const name = names.get(sql) ?? `shh${names.size}`;
  names.set(sql, name);
  return name;
}

type Options = { databaseUrl?: string; dataDir: string; log?: (line: string) => void };

/**
 * The database, with every migration applied: PostgreSQL where there is a URL, else the embedded one in the folder.
 * What keeps it from opening throws StartError: one sentence for the operator.
 */
export async function openDatabase({ databaseUrl, dataDir, log = () => {} }: Options): Promise<Database> {
  const opened = databaseUrl ? await openPostgres(databaseUrl, log) : await openPglite(dataDir, log);
  try {
    await migrate(opened.pool, log);
    return { ...connect(opened), embedded: !databaseUrl };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function connect({ pool, close }: { pool: pg.Pool; close(): Promise<void> }) {
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: nameOf }),
    // The longer formats quote the query's values, a message's text among them.
    errorFormat: 'minimal',
    transactionOptions: { maxWait: 10_000, timeout: 20_000 },
  });
  const disconnect = async () => {
    await prisma.$disconnect();
    await close();
  };
  return { prisma, close: disconnect };
}
