import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openDatabase } from '../../api/db/db.ts';
import { startPostgres, type TestPostgres } from '../services/postgres.ts';
import { startRedis, type TestRedis } from '../services/redis.ts';
import type { Logged, RoomLog } from './checker.ts';
import { NodeProcess, type Program } from './nodeProcess.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The server as it is built. */
export const SERVER: Program = {
  args: ['--enable-source-maps', join(ROOT, 'dist/main.js')],
  environment: {
    SECRET_KEY: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
    LOG_LEVEL: 'warn',
    LIMIT_LOGIN_FAILURES: '1000000',
    LIMIT_LOGINS_PER_MINUTE: '1000000',
    LIMIT_REGISTRATIONS_PER_HOUR: '1000000',
    LIMIT_MESSAGES_PER_10_SECONDS: '1000000',
    LIMIT_CHANGES_PER_MINUTE: '1000000',
    LIMIT_FRAMES_PER_SECOND: '1000000',
    LIMIT_SOCKETS_PER_PERSON: '1000000',
    LIMIT_UNKNOWN_SOCKETS: '1000000',
    LIMIT_UNKNOWN_SOCKETS_PER_ADDRESS: '1000000',
  },
};

/** The control: what the recipes of the libraries make. */
export const NAIVE: Program = { args: ['--import', 'tsx', join(ROOT, 'tests/chaos/naive.ts')], environment: {} };

/** Two nodes on a PostgreSQL and a Redis of their own, which may be harmed, and a way to the database that is not. */
export interface Site {
  nodes: NodeProcess[];
  postgres: Required<TestPostgres>;
  redis: Required<TestRedis>;
  epoch: string;
  /** Of the database itself, past every link. */
  databaseUrl: string;
  /** Asks the database itself, again and again until it answers. */
  query(sql: string, values?: unknown[]): Promise<any[]>;
  close(): Promise<void>;
}

export async function openSite(program: Program): Promise<Site> {
  // What others use is not harmed: chaos has its own services, whatever tests are pointed at.
  delete process.env.TEST_DATABASE_URL;
  delete process.env.TEST_REDIS_URL;
  const folder = mkdtempSync(join(tmpdir(), 'shh-chaos-'));
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const postgresUrl = await postgres.createDatabase();
  await (await openDatabase({ databaseUrl: postgresUrl, dataDir: '' })).close();
  const owned = { ...program, environment: { ...program.environment, DATA_DIR: folder } };
  const services = { postgresUrl, redisUrl: redis.url };
  const nodes = await Promise.all(['A', 'B'].map((name) => NodeProcess.open(name, owned, services)));
  await Promise.all(nodes.map((node) => node.start()));
  const query = asker(postgresUrl);
  const [{ epoch }] = (await query.ask('SELECT epoch FROM instance')) as [{ epoch: string }];
  const close = async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await query.close();
    await Promise.all([postgres.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    nodes,
    postgres: postgres as Required<TestPostgres>,
    redis: redis as Required<TestRedis>,
    epoch,
    databaseUrl: postgresUrl,
    query: query.ask,
    close,
  };
}

function asker(connectionString: string) {
  const settings = { connectionString, max: 2, connectionTimeoutMillis: 3_000, query_timeout: 60_000 };
  const pool = new pg.Pool({ ...settings, application_name: 'chaos' });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const ask = async (sql: string, values: unknown[] = []): Promise<any[]> => {
    for (let tries = 0; ; tries++) {
      try {
        return (await pool.query(sql, values)).rows;
      } catch (error) {
        if (tries > 300) throw error;
        await sleep(100);
      }
    }
  };
  return { ask, close: () => pool.end() };
}

/** Stops a server with all its processes, as a machine without time for them does; gives the way to let it go on. */
export function freeze(pid: number): () => void {
  const all = [pid, ...childrenOf(pid)];
  signal(all, 'SIGSTOP');
  return () => signal(all, 'SIGCONT');
}

function signal(pids: number[], name: NodeJS.Signals) {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/** Where the log of each room ends. */
export async function readTops(site: Site): Promise<Map<string, number>> {
  const rows = await site.query('SELECT id, last_seq FROM room WHERE deleted_at IS NULL');
  return new Map(rows.map(({ id, last_seq }) => [id, last_seq]));
}

/** Who is a member of which room now, as "room user". */
export async function readMembers(site: Site): Promise<Set<string>> {
  const rows = await site.query('SELECT room_id, user_id FROM membership WHERE left_seq IS NULL');
  return new Set(rows.map(({ room_id, user_id }) => `${room_id} ${user_id}`));
}

/** All logs, whole. */
export async function readLogs(site: Site): Promise<RoomLog[]> {
  const rooms = await site.query('SELECT id, last_seq, deleted_at FROM room');
  const members = await readMembers(site);
  return Promise.all(rooms.map((room) => readLog(site, room, members)));
}

async function readLog(
  site: Site,
  room: { id: string; last_seq: number; deleted_at: Date | null },
  members: Set<string>,
): Promise<RoomLog> {
  const rows = await site.query(
    `SELECT seq, id, kind::text, subject_id, target_id, created_at, deleted_at, body
     FROM entry WHERE room_id = $1 ORDER BY seq`,
    [room.id],
  );
  const own = [...members].filter((key) => key.startsWith(room.id)).map((key) => key.split(' ')[1] as string);
  return {
    roomId: room.id,
    lastSeq: room.last_seq,
    count: rows.length,
    deleted: room.deleted_at !== null,
    entries: rows.map(toLogged),
    members: new Set(own),
  };
}

const TYPES: Record<string, string> = { MESSAGE: 'MessageSent' };

function toLogged(row: Record<string, any>): Logged {
  const type = TYPES[row.kind] ?? pascal(row.kind);
  const about = row.kind === 'MESSAGE' ? row.id : (row.target_id ?? row.subject_id ?? '');
  const entry = { seq: row.seq, id: row.id, what: `${type} ${about}`.trim(), at: row.created_at.getTime() };
  return row.kind === 'MESSAGE' ? { ...entry, text: row.deleted_at ? null : row.body } : entry;
}

const pascal = (kind: string) =>
  kind.toLowerCase().replace(/(^|_)(\w)/g, (_match, _gap, letter: string) => letter.toUpperCase());
