import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import pg from 'pg';
import { StartError } from '../errors.ts';

export type Row = Record<string, unknown>;

/** The database of the Django application, which is only read. */
export interface Source {
  /** The columns of each table. */
  tables: Map<string, string[]>;
  rows(table: string): Promise<Row[]>;
  close(): Promise<void>;
}

/** Opens an SQLite file, or PostgreSQL by its address. */
export async function openSource(from: string): Promise<Source> {
  try {
    return /^postgres(ql)?:/.test(from) ? await openServer(from) : await openFile(from);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`Cannot read the old database: ${(error as Error).message.replace(/\.$/, '')}.`, {
      cause: error,
    });
  }
}

async function openFile(path: string): Promise<Source> {
  if (!existsSync(path)) throw new StartError(`There is no file ${path}.`);
  if (hasWriteAheadLog(path)) {
    throw new StartError(
      `${path} keeps a part of it in a log beside it (WAL), which cannot be read here: stop the old application, then ` +
        `run sqlite3 ${path} 'PRAGMA journal_mode=DELETE'.`,
    );
  }
  const { default: sqlite } = await import('node-sqlite3-wasm');
  const database = new sqlite.Database(path, { fileMustExist: true, readOnly: true });
  const all = (sql: string) => database.all(sql) as Row[];
  const tables = new Map<string, string[]>();
  for (const { name } of all("SELECT name FROM sqlite_master WHERE type = 'table'")) {
    tables.set(
      `${name}`,
      all(`PRAGMA table_info(${quoted(`${name}`)})`).map((column) => `${column.name}`),
    );
  }
  return {
    tables,
    rows: async (table) => all(`SELECT * FROM ${quoted(table)}`),
    close: async () => database.close(),
  };
}

// As the file's own header says it: https://www.sqlite.org/fileformat.html#file_format_version_numbers
function hasWriteAheadLog(path: string): boolean {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  readSync(file, header);
  closeSync(file);
  return header.readUInt8(19) === 2;
}

async function openServer(url: string): Promise<Source> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ name: string; columns: string[] }>(`
    SELECT table_name AS name, array_agg(column_name::text) AS columns FROM information_schema.columns
    WHERE table_schema = current_schema() GROUP BY 1`);
  return {
    tables: new Map(rows.map(({ name, columns }) => [name, columns])),
    rows: async (table) => (await client.query(`SELECT * FROM ${quoted(table)}`)).rows,
    close: () => client.end(),
  };
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
