import { StartError } from '../errors.ts';
import { createPool } from './pool.ts';

const SETTINGS = {
  max: 10,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  application_name: 'shh-chatroom',
  // @prisma/adapter-pg drops the offset of what it reads. Compiling a query takes longer than any of ours.
  options: '-c timezone=UTC -c jit=off',
};

/** Connections to a PostgreSQL server, one of them tried. What it refuses throws StartError, never with the password. */
export async function openPostgres(databaseUrl: string, log: (line: string) => void) {
  const pool = createPool({ ...SETTINGS, connectionString: databaseUrl }, log);
  const close = () => pool.end();
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await close();
    throw new StartError(sentence(error, databaseUrl), { cause: error });
  }
  return { pool, close };
}

function sentence(error: unknown, databaseUrl: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const { host, username, pathname, searchParams } = new URL(databaseUrl);
  const server = `PostgreSQL at ${host || (searchParams.get('host') ?? 'localhost')}`;
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
