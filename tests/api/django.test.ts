import { pbkdf2Sync, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importDjango } from '../../api/django/import.ts';
import { expectSound, listMessages } from '../rooms.ts';
import { openWorld, Person, type World } from '../world.ts';

const LOG_IN = 'mutation ($input: LogInInput!) { logIn(input: $input) { accessToken viewer { id } } }';
const GENERAL = randomUUID();
const KITCHEN = randomUUID();

let folder: string;
let file: string;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shh-django-'));
  file = join(folder, 'db.sqlite3');
  writeOld();
  world = await openWorld();
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const django = (password: string, digest = 'sha256', salt = 'kPq7') =>
  `pbkdf2_${digest}$1000$${salt}$${pbkdf2Sync(password, salt, 1000, digest === 'sha1' ? 20 : 32, digest).toString('base64')}`;

/** As Django's migrations make it: UUIDs without dashes, times as text. */
function writeOld() {
  const old = new sqlite.Database(file);
  old.exec(`
    CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar, name varchar, applied datetime);
    CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar);
    CREATE TABLE accounts_customuser (id integer PRIMARY KEY, password varchar, last_login datetime, is_superuser bool,
      username varchar, first_name varchar, last_name varchar, email varchar, is_staff bool, is_active bool, date_joined datetime);
    CREATE TABLE accounts_customuser_groups (id integer PRIMARY KEY, customuser_id bigint, group_id integer);
    CREATE TABLE chat_chatroom (id integer PRIMARY KEY, room_id char(32), room_name varchar, created_at datetime, created_by_id bigint);
    CREATE TABLE chat_roommember (id integer PRIMARY KEY, room_id bigint, user_id bigint, joined_at datetime);
    CREATE TABLE chat_message (id integer PRIMARY KEY, room_name varchar, username varchar, message text, timestamp datetime);`);
  const user = (id: number, password: string, username: string, email: string, more = { admin: 0, active: 1 }) =>
    old.run('INSERT INTO accounts_customuser VALUES (?, ?, NULL, ?, ?, ?, ?, ?, 0, ?, ?)', [
      ...[id, password, more.admin, username, 'Ann', 'Lee', email, more.active, '2023-01-02 03:04:05.678901'],
    ]);
  user(1, django('quiet enough here'), 'ann', 'ann@example.org', { admin: 1, active: 1 });
  user(2, django('another good one', 'sha1'), 'Ann', 'ANN@example.org');
  user(3, '!unusable', 'bob the builder', 'bob@example.org');
  user(4, django('dora writes much'), 'dora', 'dora@example.org', { admin: 0, active: 0 });
  const room = (id: number, uuid: string, name: string, by: number | null) =>
    old.run('INSERT INTO chat_chatroom VALUES (?, ?, ?, ?, ?)', [
      id,
      uuid.replaceAll('-', ''),
      name,
      '2023-02-01 10:00:00',
      by,
    ]);
  room(1, GENERAL, 'general', 1);
  room(2, KITCHEN, 'General', null);
  const member = (id: number, roomId: number, userId: number) =>
    old.run('INSERT INTO chat_roommember VALUES (?, ?, ?, ?)', [id, roomId, userId, '2023-02-02 10:00:00']);
  for (const [n, [roomId, userId]] of [
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 3],
    [2, 4],
  ].entries())
    member(n, roomId ?? 0, userId ?? 0);
  for (let n = 1; n <= 60; n++) say(old, n, `chat_${GENERAL}`, n % 2 ? 'ann' : 'bob the builder', `message ${n}`);
  say(old, 61, `chat_${KITCHEN}`, 'nobody any more', 'the kettle');
  say(old, 62, `chat_${randomUUID()}`, 'ann', 'in a room that is no more');
  say(old, 63, `chat_${GENERAL}`, 'ann', '   ');
  old.close();
}

function say(old: InstanceType<typeof sqlite.Database>, id: number, room: string, by: string, text: string) {
  const minute = `${id % 60}`.padStart(2, '0');
  old.run('INSERT INTO chat_message VALUES (?, ?, ?, ?, ?)', [
    id,
    room,
    by,
    text,
    `2023-03-0${1 + Math.floor(id / 60)} 12:${minute}:00`,
  ]);
}

const logIn = (username: string, password: string) =>
  new Person(world.node, { name: username, id: '', accessToken: '' }).ask(LOG_IN, {
    input: { username, password, cookies: false },
  });

test('people, rooms, memberships and messages of the Django application come along, once', async () => {
  const { db } = world.node.core;
  const nothing = { people: 0, rooms: 0, memberships: 0, messages: 0 };
  const everything = { people: 4, rooms: 2, memberships: 5, messages: 61 };
  const rehearsal = await importDjango(db, file, true);
  expect(rehearsal).toMatchObject({ found: everything, before: nothing, after: everything });
  expect(await db.user.count()).toBe(0);

  const first = await importDjango(db, file, false);
  expect(first).toEqual(rehearsal);
  expect(first.notes).toEqual([
    '1 messages belong to rooms that are no more: left out.',
    '"Ann" is called Ann2 now.',
    'Ann2 has no e-mail address now: the old one is not valid, or taken.',
    '"bob the builder" is called bob.the.builder now.',
    'The room "General" is called "General (2)" now.',
  ]);
  const again = await importDjango(db, file, false);
  expect(again).toMatchObject({ before: everything, after: everything });
  for (const room of [GENERAL, KITCHEN]) await expectSound(world.node, room);

  const old = new sqlite.Database(file);
  say(old, 64, `chat_${GENERAL}`, 'ann', 'written meanwhile');
  old.close();
  expect((await importDjango(db, file, false)).after).toEqual({ ...everything, messages: 62 });
  await expectSound(world.node, GENERAL);
});

test('Ann signs in with her old password, which is kept as argon2 from then on, and reads what was said', async () => {
  const { db } = world.node.core;
  expect((await logIn('ann', 'a wrong password')).errors?.[0].extensions.code).toBeDefined();
  for (const [username, password] of [
    ['ann', 'quiet enough here'],
    ['Ann2', 'another good one'],
  ] as const) {
    const before = await db.user.findFirstOrThrow({ where: { username } });
    expect(before.passwordHash).toMatch(/^pbkdf2_/);
    expect((await logIn(username, password)).data.logIn.viewer.id).toBe(before.id);
    expect((await db.user.findFirstOrThrow({ where: { username } })).passwordHash).toMatch(/^\$argon2id\$/);
  }
  const { accessToken } = (await logIn('ann@example.org', 'quiet enough here')).data.logIn;
  const ann = new Person(world.node, { name: 'ann', id: '', accessToken });
  const { nodes } = (await ann.graphql(...listMessages(GENERAL, { last: 3 }))).room.messages;
  expect(nodes.map(({ body }: any) => body)).toEqual(['message 59', 'message 60', 'written meanwhile']);
  expect(nodes[1]).toMatchObject({ createdAt: '2023-03-02T12:00:00.000Z', author: { displayName: 'Ann Lee' } });
  expect((await ann.say(GENERAL, 'still here')).seq).toBe(65);
});

test('who had no password, and who was switched off, does not get in', async () => {
  for (const [username, password] of [
    ['bob.the.builder', '!unusable'],
    ['bob.the.builder', ''],
    ['dora', 'dora writes much'],
  ]) {
    expect((await logIn(`${username}`, `${password}`)).data?.logIn ?? null).toBeNull();
  }
});

test('what is no database of that application is refused in one sentence', async () => {
  const other = join(folder, 'other.sqlite3');
  const database = new sqlite.Database(other);
  database.exec('CREATE TABLE pears (id integer PRIMARY KEY, weight integer)');
  database.close();
  const { db } = world.node.core;
  await expect(importDjango(db, other, false)).rejects.toThrow(
    /^It is not clear which table .*accounts: there is pears\.$/,
  );
  const ahead = readFileSync(other);
  ahead.fill(2, 18, 20);
  writeFileSync(other, ahead);
  await expect(importDjango(db, other, false)).rejects.toThrow(
    /WAL.* stop the old application.*journal_mode=DELETE'\.$/,
  );
  await expect(importDjango(db, join(folder, 'none'), false)).rejects.toThrow(/^There is no file .*none\.$/);
});
