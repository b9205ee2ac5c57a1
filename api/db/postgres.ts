import type pg from 'pg';
import { StartError } from '../errors.ts';
import { createPool } from './pool.ts';

/** The first with gen_random_uuid() of its own. */
const OLDEST = 13;

const SETTINGS = {
  max: 10,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  // By default the system first asks after two hours whether the other side is still there.
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'shh-chatroom',
  // @prisma/adapter-pg drops the offset of what it reads. Compiling a query, or
  // starting workers for it, takes longer than any of ours.
  options: '-c timezone=UTC -c jit=off -c max_parallel_workers_per_gather=0',
};

/** Connections to a PostgreSQL server, one of them tried. What it refuses throws StartError, never with the password. */
export async function openPostgres(databaseUrl: string, log: (line: string) => void) {
  const pool = createPool({ ...SETTINGS, connectionString: databaseUrl }, log);
  const close = () => pool.end();
  try {
    await examine(pool, databaseUrl, log);
  } catch (error) {
    await close();
    if (error instanceof StartError) throw error;
    throw new StartError(sentence(error, databaseUrl), { cause: error });
  }
  return { pool, close };
}

// What would otherwise show as an odd error much later.
async function examine(pool: pg.Pool, databaseUrl: string, log: (line: string) => void) {
  const { rows } = await pool.query(`
    SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS standby, lower('Ä') = 'ä' AS folds,
      coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayMake", current_user AS name, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`);
  const { version, encoding, standby, folds, mayMake, name, now } = rows[0];
  const server = nameOf(databaseUrl);
  if (version < OLDEST) throw new StartError(`${server} is version ${version}: shh needs ${OLDEST} or newer.`);
  if (encoding !== 'UTF8') {
    throw new StartError(`The database of ${server} is encoded as ${encoding}: make one with ENCODING 'UTF8'.`);
  }
  if (standby) throw new StartError(`${server} is a copy that can only be read: give the address of the primary.`);
  if (!mayMake) {
    throw new StartError(`${server} lets "${name}" make no tables: GRANT CREATE ON SCHEMA public TO "${name}".`);
  }
  if (!folds) {
    log(
      `The database of ${server} knows no large and small letters beyond ASCII, so that a search for "äpfel" does not ` +
        'find "Äpfel": make one with a UTF-8 locale (LC_CTYPE).',
    );
  }
  const apart = Math.round(Math.abs(Date.now() - now) / 1000);
  if (apart > 30) log(`The clocks of this machine and of ${server} are ${apart} s apart: set them right.`);
}

function sentence(error: unknown, databaseUrl: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const { username, pathname } = new URL(databaseUrl);
  const server = nameOf(databaseUrl);
  switch (code) {
    case '28P01':
      return `${server} refuses the password of "${decodeURIComponent(username)}".`;
    case '28000':
      return `${server} refuses "${decodeURIComponent(username)}": ${message}.`;
    case '3D000':
      return `${server} has no database "${decodeURIComponent(pathname.slice(1))}".`;
    default:
      return `Cannot reach ${server}: ${message || code}.`;
  }
}

function nameOf(databaseUrl: string): string {
  const { host, searchParams } = new URL(databaseUrl);
  return `PostgreSQL at ${host || (searchParams.get('host') ?? 'localhost')}`;
}
