import type pg from 'pg';

/** How the entries are spread: so many rooms of so many messages. */
export const SHAPE = [
  { rooms: 1, share: 0.1 },
  { rooms: 100, share: 0.5 },
  { rooms: 4_000, share: 0.4 },
];

const PEOPLE = 1_000;
const TRIGGERS_OFF = "SET session_replication_role = 'replica'";

/**
 * Fills the log with so many entries: rooms of three sizes, a thousand people who write in turn, short texts of words of
 * which few are rare, and now and then what was deleted, mentions, reactions and pins. Indexes are made at the end, as
 * they are in the migrations. Gives the ids of the largest room and of somebody who is in 200 rooms.
 */
export async function fillLog(client: pg.Client, entries: number, tell: (line: string) => void) {
  await client.query(`${TRIGGERS_OFF}; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'`);
  const indexes = await dropIndexes(client);
  await client.query(`
    INSERT INTO "user" (id, username, username_key, display_name, password_hash)
    SELECT gen_random_uuid(), 'p' || n, 'p' || n, 'Person ' || n, '' FROM generate_series(1, ${PEOPLE}) n`);
  for (const { rooms, share } of SHAPE) {
    await fillRooms(client, rooms, Math.floor((entries * share) / rooms));
    tell(`${(entries * share).toLocaleString('en')} entries in rooms of ${Math.floor((entries * share) / rooms)}`);
  }
  for (const index of indexes) {
    await client.query(index);
    tell(index.slice(0, 100));
  }
  await addMarks(client);
  await client.query('VACUUM ANALYZE');
  return placeOf(client);
}

/** Removes all but what makes the rows unique; gives what makes them again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE schemaname = 'public' AND tablename = 'entry' AND indexname NOT IN ('entry_pkey', 'entry_id_key')`);
  for (const { name } of rows) await client.query(`DROP INDEX "${name}"`);
  return rows.map(({ definition }) => definition);
}

async function fillRooms(client: pg.Client, rooms: number, messages: number) {
  await client.query(`
    CREATE TEMP TABLE filled ON COMMIT PRESERVE ROWS AS
    SELECT gen_random_uuid() AS id, row_number() OVER () AS n FROM generate_series(1, ${rooms});
    INSERT INTO room (id, kind, name, last_seq, last_message_seq, message_count)
    SELECT id, 'PRIVATE', 'Room ' || n, ${messages + 1}, ${messages + 1}, ${messages} FROM filled;
    INSERT INTO membership (room_id, user_id, role, joined_seq, read_seq)
    SELECT f.id, u.id, CASE WHEN u.n = 1 THEN 'OWNER' ELSE 'MEMBER' END::"MemberRole", 1, ${messages} - 100
    FROM filled f JOIN (SELECT id, row_number() OVER (ORDER BY username_key) AS n FROM "user") u
      ON u.n <= 50 AND (u.n > 1 OR f.n <= 100 OR f.n % 40 = 0);
    INSERT INTO entry (room_id, seq, id, kind, actor_id, created_at)
    SELECT f.id, 1, gen_random_uuid(), 'ROOM_CREATED', (SELECT id FROM "user" WHERE username = 'p1'), now() - interval '400 days'
    FROM filled f;
    INSERT INTO entry (room_id, seq, id, kind, actor_id, body, created_at, ordinal, changed_seq, deleted_at)
    SELECT f.id, k + 1, gen_random_uuid(), 'MESSAGE', p.ids[1 + (k * 7 + f.n) % 50],
      CASE WHEN k % 100 = 0 THEN NULL ELSE
        'w' || k::bigint * 7919 % 30000 || ' w' || k::bigint * 31 % 3000 || ' and w' || (k + f.n * 13)::bigint * 104729 % 30000 || ' the w' || k % 300
        || CASE WHEN (k + f.n) % 5000 = 0 THEN ' rare' || (k + f.n) / 5000 % 100 ELSE '' END END,
      now() - (${messages} - k) * (interval '399 days' / ${messages}), k, k + 1, CASE WHEN k % 100 = 0 THEN now() END
    FROM filled f, generate_series(1, ${messages}) k, (SELECT array_agg(id ORDER BY username_key) AS ids FROM "user") p;
    DROP TABLE filled`);
}

async function addMarks(client: pg.Client) {
  await client.query(`
    INSERT INTO mention (user_id, room_id, seq, created_at)
    SELECT u.id, e.room_id, e.seq, e.created_at FROM entry e, (SELECT id FROM "user" WHERE username = 'p1') u
    WHERE e.kind = 'MESSAGE' AND e.deleted_at IS NULL AND e.seq % 200 = 7;
    INSERT INTO reaction (room_id, seq, emoji, user_id)
    SELECT e.room_id, e.seq, '👍', u.id FROM entry e, (SELECT id FROM "user" WHERE username = 'p2') u
    WHERE e.kind = 'MESSAGE' AND e.deleted_at IS NULL AND e.seq % 50 = 3;
    UPDATE entry e SET pinned_at = now() WHERE e.seq BETWEEN 20 AND 29 AND kind = 'MESSAGE' AND deleted_at IS NULL`);
}

async function placeOf(client: pg.Client) {
  const { rows } = await client.query<{ room: string; message: string; person: string; bytes: string }>(`
    SELECT r.id AS room, pg_size_pretty(pg_total_relation_size('entry')) AS bytes,
      (SELECT id FROM entry WHERE room_id = r.id AND seq = r.last_seq / 2 + 3) AS message,
      (SELECT id FROM "user" WHERE username = 'p1') AS person
    FROM room r ORDER BY r.last_seq DESC LIMIT 1`);
  return rows[0] as { room: string; message: string; person: string; bytes: string };
}
