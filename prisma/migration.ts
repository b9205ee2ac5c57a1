// Migrations from schema.prisma with no database and no download: npm run migration:new NAME, npm run migration:check
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type ColumnType,
  ColumnTypeEnum,
  type ErrorRegistry,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { PgliteStream } from '../api/db/pgliteStream.ts';
import { PgliteThread } from '../api/db/pgliteThread.ts';

const FOLDER = join(import.meta.dirname, 'migrations');
const SCHEMA = join(import.meta.dirname, 'schema.prisma');
const LOCK = 'migration_lock.toml';
const NOTHING = { externalTables: [], externalEnums: [] };

const BY_HAND = '-- What follows is written by hand';

const [command, name] = process.argv.slice(2);
if (command === 'new' && name) await create(name);
else if (command === 'redo') await redo();
else if (command === 'check') await check();
else fail('Usage: npm run migration:new NAME | npm run migration:check | npx tsx prisma/migration.ts redo');
process.exit(0);

async function create(name: string) {
  const script = await difference(migrationNames());
  if (!script) fail('schema.prisma has nothing that the migrations lack.');
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = `${stamp}_${name.toLowerCase().replace(/\W+/g, '_')}`;
  mkdirSync(join(FOLDER, folder), { recursive: true });
  writeFileSync(migrationFile(folder), script);
  console.log(`Wrote ${folder}. Read it, and add what Prisma cannot express below the line "${BY_HAND}".`);
}

/** The newest migration once more, its hand-written end kept. Only for one that no database has to keep. */
async function redo() {
  const names = migrationNames();
  const newest = names.pop() ?? fail('There is no migration yet.');
  const old = readFileSync(migrationFile(newest), 'utf8');
  const byHand = old.includes(BY_HAND) ? `\n${old.slice(old.indexOf(BY_HAND))}` : '';
  writeFileSync(migrationFile(newest), (await difference(names)) + byHand);
  console.log(`Wrote ${newest} anew.`);
}

async function check() {
  const script = await difference(migrationNames());
  if (!script) return;
  console.error(`schema.prisma and the migrations differ by:\n\n${script}`);
  process.exit(2);
}

/** The SQL that leads from the migrations to schema.prisma; empty when they agree. */
async function difference(names: string[]): Promise<string> {
  const { engine, explain } = await startEngine();
  const migrations = readMigrations(names);
  try {
    // Without this first the engine does not know of the shadow database.
    await engine.devDiagnostic({ migrationsList: migrations, filters: NOTHING });
    const to = { tag: 'schemaDatamodel' as const, files: [schemaFile()] };
    const from = { tag: 'migrations' as const, ...migrations };
    const { stdout } = await engine.diff({ from, to, script: true, exitCode: null, filters: NOTHING });
    return stdout?.startsWith('-- This is an empty migration') ? '' : (stdout ?? '');
  } catch (error) {
    return fail(explain(error));
  }
}

function schemaFile() {
  return { path: SCHEMA, content: readFileSync(SCHEMA, 'utf8') };
}

function migrationNames(): string[] {
  const entries = readdirSync(FOLDER, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).sort();
}

function migrationFile(name: string) {
  return join(FOLDER, name, 'migration.sql');
}

function readMigrations(names: string[]): MigrationList {
  const sql = (name: string) => ({ tag: 'ok' as const, value: readFileSync(migrationFile(name), 'utf8') });
  return {
    baseDir: FOLDER,
    lockfile: { path: LOCK, content: readFileSync(join(FOLDER, LOCK), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: sql(name) },
    })),
  };
}

async function startEngine() {
  const bindings = await loadEngine();
  const { path, content } = schemaFile();
  const factory = await database();
  const engine: SchemaEngine = await bindings.SchemaEngine.new({ datamodels: [[path, content]] }, () => {}, factory);
  return { engine, explain: (error: unknown) => explain(error, factory.errorRegistry) };
}

// By hand, because the package's own entry imports a .wasm file, which Node 20 does not.
async function loadEngine() {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(file.replace(/\.js$/, '.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: fail } });
  return bindings;
}

// What goes wrong in the adapter reaches the engine, and comes back from it, as a number.
function explain(error: unknown, registry: ErrorRegistry): string {
  const { message } = error as Error;
  const id = message.match(/External error id#(\d+)/)?.[1];
  const cause = id && (registry.consumeError(Number(id))?.error as Error | undefined);
  return cause ? String(cause.stack ?? cause) : message;
}

// One PGlite in memory serves as the database, which stays empty, and as its shadow, which begins empty.
async function database() {
  const thread = new PgliteThread('memory://');
  await thread.ready();
  const pool = new pg.Pool({ max: 1, user: 'postgres', database: 'postgres', stream: () => new PgliteStream(thread) });
  const adapter = await adapt(pool);
  const connect = async () => {
    await pool.query('DROP SCHEMA public CASCADE');
    await pool.query('CREATE SCHEMA public');
    return adapter;
  };
  const { provider, adapterName } = adapter;
  return bindMigrationAwareSqlAdapterFactory({ provider, adapterName, connect, connectToShadowDb: connect });
}

// Three things that the engine needs and the adapter lacks: the type "char", which passes for an array of it in
// between (18, 1002); scripts with semicolons inside of functions; and staying open between the two uses.
async function adapt(pool: pg.Pool) {
  const query = async (config: pg.QueryConfig) => {
    const result = await pool.query(config);
    for (const field of result.fields) if (field.dataTypeID === 18) field.dataTypeID = 1002;
    return result;
  };
  const adapter = await new PrismaPg(Object.assign(Object.create(pool), { query })).connect();
  const queryRaw = adapter.queryRaw.bind(adapter);
  return Object.assign(adapter, {
    queryRaw: async (query: SqlQuery) => {
      const result = await queryRaw(query);
      return { ...result, columnTypes: result.columnTypes.map(singleCharacter) };
    },
    executeScript: async (script: string) => void (await pool.query(script)),
    dispose: async () => {},
  });
}

function singleCharacter(type: ColumnType): ColumnType {
  return type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type;
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
