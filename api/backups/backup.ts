import { buffer } from 'node:stream/consumers';
import type pg from 'pg';
import type { Config } from '../config.ts';
import { readLedger } from '../db/migrate.ts';
import { StartError } from '../errors.ts';
import { keyOf, thumbnailKeyOf } from '../files/files.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import { VERSION } from '../version.ts';
import { type Member, writeArchive } from './archive.ts';
import { type Snapshot, takeSnapshot } from './snapshots.ts';
import { hasTable, rowsOf, type Table, tablesOf } from './tables.ts';

/** What the last member of a backup says. */
export interface Manifest {
  format: 1;
  /** Of the program that made it. */
  version: string;
  /** The moment at which everything is as the backup has it. */
  takenAt: string;
  migrations: { name: string; checksum: string }[];
  tables: Record<string, { columns: string[]; rows: number }>;
  /** How many blobs are in it, and the ids of files whose bytes the storage had lost. */
  files: number;
  lost: string[];
  /** Of everything before it. */
  sha256: string;
}
type Facts = Omit<Manifest, 'sha256'>;

interface Blob {
  id: string;
  key: string;
}

/**
 * Keeps everything in one file: each table as it was at one moment, and the bytes of every file that it names. People go
 * on writing meanwhile.
 */
export async function writeBackup(config: Config, file: string, log: (line: string) => void): Promise<Facts> {
  const facts: Facts = { format: 1, version: VERSION, takenAt: '', migrations: [], tables: {}, files: 0, lost: [] };
  const source = { storage: openStorage(config), snapshot: () => takeSnapshot(config, log) };
  await writeArchive(file, contents(source, facts), () => facts);
  return facts;
}

interface Source {
  storage: Storage;
  snapshot(): Promise<Snapshot>;
}

// Files first: a snapshot may name one that is deleted while the others are copied. Then a later snapshot is taken, for
// which most files are there already; what two in a row name in vain is lost.
async function* contents({ storage, snapshot }: Source, facts: Facts): AsyncGenerator<Member> {
  const kept = new Set<string>();
  let missing: string[] | undefined;
  for (;;) {
    const { client, end } = await snapshot();
    try {
      const before = missing?.join();
      missing = yield* blobs(storage, await namedBlobs(client), kept);
      if (missing.length > 0 && missing.join() !== before) continue;
      Object.assign(facts, { files: kept.size, lost: [...new Set(missing)] });
      return yield* tables(client, facts);
    } finally {
      await end();
    }
  }
}

async function* blobs(storage: Storage, named: Blob[], kept: Set<string>): AsyncGenerator<Member, string[]> {
  const missing: string[] = [];
  for (const { id, key } of named.filter((blob) => !kept.has(blob.key))) {
    const bytes = await storage.get(key);
    if (!bytes) missing.push(id);
    else {
      yield { name: `files/${key}`, bytes: await buffer(bytes) };
      kept.add(key);
    }
  }
  return missing;
}

/** The blobs of files that people can see: not of uploads under way, nor of what was deleted. */
export async function namedBlobs(client: pg.PoolClient): Promise<Blob[]> {
  if (!(await hasTable(client, 'file'))) return [];
  const { rows } = await client.query<{ id: string; image: boolean }>(`
    SELECT file.id, placeholder IS NOT NULL AS image FROM file LEFT JOIN entry ON entry.id = message_id
    WHERE ready_at IS NOT NULL AND (attached_at IS NULL OR (entry.id IS NOT NULL AND entry.deleted_at IS NULL))
    ORDER BY file.id`);
  return rows.flatMap(({ id, image }) =>
    [keyOf({ id }), ...(image ? [thumbnailKeyOf({ id })] : [])].map((key) => ({ id, key })),
  );
}

async function* tables(client: pg.PoolClient, facts: Facts): AsyncGenerator<Member> {
  if (!(await hasTable(client, 'instance'))) throw new StartError('There is no database of shh to back up.');
  const { rows } = await client.query<{ now: Date }>('SELECT now()');
  facts.takenAt = rows[0]?.now.toISOString() ?? '';
  facts.migrations = (await readLedger(client)).map(({ name, checksum }) => ({ name, checksum }));
  for (const table of await tablesOf(client)) yield* rowsAsMembers(client, table, facts);
}

async function* rowsAsMembers(client: pg.PoolClient, table: Table, facts: Facts): AsyncGenerator<Member> {
  let [part, count] = [0, 0];
  for await (const rows of rowsOf(client, table)) {
    count += rows.length;
    const name = `tables/${table.name}/${String(++part).padStart(8, '0')}.ndjson`;
    yield { name, bytes: Buffer.from(rows.join('\n')) };
  }
  facts.tables[table.name] = { columns: table.columns, rows: count };
}
