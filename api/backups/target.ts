import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { StartError } from '../errors.ts';
import { countRows, hasTable, tablesOf } from './tables.ts';

/** Refuses a database that others use, that is not ours, or that holds something. Gives the schema that ours lies in. */
export async function refuseUnfit(client: pg.PoolClient, replace: boolean): Promise<string> {
  const { rows } = await client.query<{ home: string; allowed: boolean }>(`
    SELECT current_schema() AS home,
      has_schema_privilege(current_schema(), 'CREATE') AND has_database_privilege(current_database(), 'CREATE') AS allowed`);
  const { home = '', allowed = false } = rows[0] ?? {};
  if (!allowed)
    throw new StartError('This person of the database may not make schemas and tables in it: restore as its owner.');
  await refuseUsed(client);
  await refuseFull(client, replace);
  return home;
}

// The connections of a node that has just ended, or died, may outlive it for a moment.
async function refuseUsed(client: pg.PoolClient, patience = 20) {
  const { rowCount } = await client.query(`
    SELECT FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()`);
  if (!rowCount) return;
  if (patience === 0) {
    throw new StartError(`The database is in use by shh, over ${rowCount} connections: stop every node first.`);
  }
  await sleep(250);
  await refuseUsed(client, patience - 1);
}

async function refuseFull(client: pg.PoolClient, replace: boolean) {
  const tables = await tablesOf(client);
  if (tables.length > 0 && !(await hasTable(client, 'instance'))) {
    throw new StartError('The database holds tables that are not of shh: give it one of its own.');
  }
  if (replace) return;
  for (const table of tables.filter(({ name }) => name === 'user' || name === 'room')) {
    const count = await countRows(client, table);
    if (count === 0) continue;
    throw new StartError(`The database is not empty (${count} rows in ${table.name}): add --replace to give that up.`);
  }
}

/** What a schema holds of its own, in an order in which it can be moved or dropped. */
export async function objectsOf(client: pg.PoolClient, schema: string): Promise<{ kind: string; name: string }[]> {
  const { rows } = await client.query<{ kind: string; name: string }>(
    `SELECT kind, name FROM (
       SELECT 1 AS place, 'TABLE' AS kind, oid, format('%I.%I', $1::text, relname) AS name FROM pg_class
         WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')
       UNION ALL
       SELECT 2, 'FUNCTION', oid, format('%I.%I(%s)', $1::text, proname, pg_get_function_identity_arguments(oid)) FROM pg_proc
         WHERE pronamespace = $1::regnamespace AND prokind = 'f'
       UNION ALL
       SELECT 3, 'TYPE', oid, format('%I.%I', $1::text, typname) FROM pg_type
         WHERE typnamespace = $1::regnamespace AND typtype IN ('e', 'd')
     ) object
     WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = object.oid AND d.deptype = 'e')
     ORDER BY place`,
    [schema],
  );
  return rows;
}
