import type pg from 'pg';

/** How many rows are read, and written, at once. */
const ROWS = 500;

export interface Table {
  name: string;
  columns: string[];
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Every table of the schema that the connection looks at first, with the columns that hold something of their own. */
export async function tablesOf(client: pg.PoolClient): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> '_prisma_migrations' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY 1 ORDER BY 1`);
  return rows;
}

/** Whether the schema that the connection looks at first has such a table. */
export async function hasTable(client: pg.PoolClient, name: string): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = $1',
    [name],
  );
  return rows.length > 0;
}

/** The rows of a table as JSON, some at a time. Inside a transaction. */
export async function* rowsOf(client: pg.PoolClient, { name }: Table): AsyncGenerator<string[]> {
  await client.query(`DECLARE kept NO SCROLL CURSOR FOR SELECT to_jsonb(t)::text AS row FROM ${quoted(name)} t`);
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`FETCH ${ROWS} FROM kept`);
    if (rows.length === 0) break;
    yield rows.map(({ row }) => row);
  }
  await client.query('CLOSE kept');
}

/** Inserts rows that `rowsOf` gave, with exactly these columns. */
export async function insertRows(client: pg.PoolClient, { name, columns }: Table, rows: string[]): Promise<void> {
  const list = columns.map(quoted).join(', ');
  await client.query(
    `INSERT INTO ${quoted(name)} (${list}) OVERRIDING SYSTEM VALUE
     SELECT ${list} FROM jsonb_populate_recordset(NULL::${quoted(name)}, $1::jsonb)`,
    [`[${rows.join(',')}]`],
  );
}

export async function countRows(client: pg.PoolClient, { name }: Table): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${quoted(name)}`);
  return Number(rows[0]?.n);
}

/**
 * Empties every table and lets `fill` fill them in any order: what tables demand of each other is demanded again, of
 * everything, at the end. Guards that look at the order of things (triggers) are not asked: they were, once.
 */
export async function filling(client: pg.PoolClient, fill: () => Promise<void>): Promise<void> {
  const tables = (await tablesOf(client)).map(({ name }) => quoted(name));
  const { rows: links } = await client.query<{ table: string; name: string; rule: string }>(`
    SELECT c.relname AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS rule
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.connamespace = current_schema()::regnamespace`);
  for (const { table, name } of links) {
    await client.query(`ALTER TABLE ${quoted(table)} DROP CONSTRAINT ${quoted(name)}`);
  }
  await client.query(`TRUNCATE ${tables.join(', ')}`);
  for (const table of tables) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await fill();
  for (const table of tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  for (const { table, name, rule } of links) {
    await client.query(`ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${quoted(name)} ${rule}`);
  }
}
