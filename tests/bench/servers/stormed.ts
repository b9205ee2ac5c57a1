import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { signToken } from '../../../api/auth/tokens.ts';
import { readConfig } from '../../../api/config.ts';
import { type Core, openCore } from '../../../api/core.ts';
import { createLog } from '../../../api/log.ts';
import { openApp } from '../../../api/server.ts';
import { answerCalls } from '../calls.ts';

let core: Core;
let queries = 0;
let peak = 0;

answerCalls({ start, populate, figures });

/** A node as it is shipped, limits included, but for those that count what one person sends. */
async function start(environment: Record<string, string>): Promise<number> {
  countQueries();
  const dataDir = mkdtempSync(join(tmpdir(), 'shh-bench-'));
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const given = { PORT: '0', LOG_LEVEL: 'warn', DATA_DIR: dataDir, SECRET_KEY: '0123456789abcdef'.repeat(4) };
  const config = readConfig({ ...given, LIMIT_MESSAGES_PER_10_SECONDS: '1000000', ...environment });
  core = await openCore(config, createLog(config.logLevel));
  const app = await openApp(core, 'no-web-client');
  setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50).unref();
  return Number(new URL(await app.listen()).port);
}

export interface Population {
  /** Of each person. */
  tokens: string[];
  /** In which only the first of them is. */
  quiet: string;
  /** The rooms of each person, of whom there are hundreds in each. */
  rooms: string[][];
}

/** So many people with a session each, all in one hall, and each in some of so many rooms. All logs end at 4. */
async function populate({ people, rooms, each }: { people: number; rooms: number; each: number }): Promise<Population> {
  const [users, sessions] = [ids(people), ids(people)];
  const all = ids(rooms + 2);
  const [quiet = '', hall = ''] = all;
  const own = users.map((_, n) => [
    hall,
    ...Array.from({ length: each - 1 }, (__, m) => all[2 + ((n + m) % rooms)] ?? ''),
  ]);
  await core.db.$executeRaw`
    INSERT INTO "user" (id, username, username_key, display_name, password_hash)
    SELECT id, 'storm' || n, 'storm' || n, 'storm' || n, '' FROM unnest(${users}::uuid[]) WITH ORDINALITY AS u(id, n)`;
  await core.db.$executeRaw`
    INSERT INTO session (id, user_id, refresh_id, expires_at)
    SELECT id, user_id, gen_random_uuid(), now() + interval '1 day'
    FROM unnest(${sessions}::uuid[], ${users}::uuid[]) AS s(id, user_id)`;
  await core.db.$executeRaw`
    INSERT INTO room (id, kind, name, last_seq, last_message_seq, message_count)
    SELECT id, 'PRIVATE', 'storm', 4, 4, 4 FROM unnest(${all}::uuid[]) AS r(id)`;
  await core.db.$executeRaw`
    INSERT INTO entry (room_id, seq, id, kind, actor_id, body, ordinal, changed_seq)
    SELECT id, n, gen_random_uuid(), 'MESSAGE', ${users[0]}::uuid, 'hello', n, n FROM unnest(${all}::uuid[]) AS r(id), generate_series(1, 4) AS n`;
  const pairs = [[quiet], ...own].flatMap((list, n) =>
    list.map((room) => [room, users[Math.max(0, n - 1)] ?? ''] as const),
  );
  await core.db.$executeRaw`
    INSERT INTO membership (room_id, user_id, role, joined_seq)
    SELECT room_id, user_id, 'MEMBER', 1
    FROM unnest(${pairs.map(([room]) => room)}::uuid[], ${pairs.map(([, user]) => user)}::uuid[]) AS m(room_id, user_id)`;
  await core.db.$executeRawUnsafe('ANALYZE');
  const signing = users.map((userId, n) =>
    signToken(core, 'access', { userId, sessionId: sessions[n] ?? '', tokenId: randomUUID() }),
  );
  return { tokens: await Promise.all(signing), quiet, rooms: own };
}

const ids = (count: number) => Array.from({ length: count }, () => randomUUID());

/** What it cost so far. */
function figures() {
  const { connections, openings, pages } = core.admission;
  return { queries, peak, refused: connections.refused + openings.refused + pages.refused };
}

function countQueries() {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
    queries++;
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof query;
}
