import { createHash } from 'node:crypto';
import { StartError } from '../errors.ts';
import type { Row, Source } from './source.ts';

export interface OldPerson {
  id: string;
  username: string;
  email: string;
  firstName: string;
  lastName: string;
  password: string;
  isAdmin: boolean;
  isActive: boolean;
  createdAt: Date;
}
export interface OldRoom {
  id: string;
  name: string;
  createdAt: Date;
  /** Null for one whose account is gone. */
  creatorId: string | null;
  members: { userId: string; joinedAt: Date }[];
  messages: OldMessage[];
}
export interface OldMessage {
  id: string;
  authorId: string | null;
  body: string;
  createdAt: Date;
}
export interface OldRecords {
  people: OldPerson[];
  rooms: OldRoom[];
  /** Messages of rooms that are no more. */
  homeless: number;
}

const ROOM = [
  'room_id',
  'chat_room_id',
  'chatroom_id',
  'room_name',
  'room_group_name',
  'group_name',
  'room',
  'chat_room',
];
const ROOM_NAME = ['room_name', 'chat_room_name', 'name'];
const TEXT = ['message', 'content', 'text', 'body', 'chat_message'];
const WHEN = ['timestamp', 'created_at', 'sent_at', 'joined_at', 'date_joined'];
const PERSON = [
  'user_id',
  'sender_id',
  'author_id',
  'member_id',
  'customuser_id',
  'user',
  'username',
  'sender',
  'email',
];
const CREATOR = ['created_by_id', 'creator_id', 'owner_id', 'admin_id', 'user_id'];
const OF_DJANGO = /^(django_|auth_(group|permission|user_)|authtoken_|token_blacklist_|sqlite_)/;

/**
 * What the old application kept, with ids that are the same each time. Its tables are known by their columns, because
 * projects name them as they like. StartError when one is not there.
 */
export async function readOldRecords(source: Source): Promise<OldRecords> {
  const tables = findTables(source);
  const people = (await source.rows(tables.people)).toSorted(byKey).map(toPerson);
  const personOf = finderOf(people);
  const rooms = (await source.rows(tables.rooms)).toSorted(byKey).map((row) => toRoom(row, personOf));
  const places = new Map(rooms.flatMap(({ keys, room }) => keys.map((key) => [key, room])));
  for (const table of tables.memberships) {
    for (const row of await source.rows(table)) addMember(places, personOf, row);
  }
  let homeless = 0;
  for (const row of await source.rows(tables.messages)) {
    const room = places.get(keyOf(first(row, ROOM)));
    const message = toMessage(row, personOf);
    if (!room) homeless++;
    else if (message.body.trim()) room.messages.push(message);
  }
  for (const { room } of rooms) room.messages.sort((a, b) => +a.createdAt - +b.createdAt || (a.id < b.id ? -1 : 1));
  return { people: people.map(({ person }) => person), rooms: rooms.map(({ room }) => room), homeless };
}

function findTables({ tables }: Source) {
  const own = [...tables].filter(([name]) => !OF_DJANGO.test(name));
  const has = (columns: string[], names: string[]) => names.some((name) => columns.includes(name));
  const people = own.filter(([, c]) => c.includes('password') && has(c, ['username', 'email']));
  const messages = own.filter(([, c]) => has(c, TEXT) && has(c, ROOM) && has(c, WHEN));
  const rest = own.filter((table) => !people.includes(table) && !messages.includes(table));
  const rooms = rest.filter(([name, c]) => /room/i.test(name) && has(c, ROOM_NAME));
  const memberships = rest.filter(([name, c]) => !rooms.some(([r]) => r === name) && has(c, ROOM) && has(c, PERSON));
  return {
    people: only(people, 'accounts', tables),
    rooms: only(rooms, 'rooms', tables),
    messages: only(messages, 'messages', tables),
    memberships: memberships.map(([name]) => name),
  };
}

function only(found: [string, string[]][], what: string, tables: Map<string, string[]>): string {
  if (found.length === 1 && found[0]) return found[0][0];
  const seen = (found.length > 1 ? found.map(([name]) => name) : [...tables.keys()]).join(', ') || 'no table at all';
  throw new StartError(`It is not clear which table of the old database holds the ${what}: there is ${seen}.`);
}

function toPerson(row: Row) {
  const email = textOf(row.email);
  const username = textOf(row.username);
  const person: OldPerson = {
    id: idOf('user', row.id ?? (username || email)),
    username,
    email,
    firstName: textOf(row.first_name),
    lastName: textOf(row.last_name),
    password: textOf(row.password),
    isAdmin: isTrue(row.is_superuser),
    isActive: row.is_active === undefined || isTrue(row.is_active),
    createdAt: dateOf(first(row, ['date_joined', 'created_at'])),
  };
  return { person, keys: [row.id, username, email].map(keyOf).filter(Boolean) };
}

type Finder = (value: unknown) => string | null;

function finderOf(people: ReturnType<typeof toPerson>[]): Finder {
  const ids = new Map(people.flatMap(({ person, keys }) => keys.map((key) => [key, person.id])));
  return (value) => ids.get(keyOf(value)) ?? null;
}

function toRoom(row: Row, personOf: Finder) {
  const name = textOf(first(row, ROOM_NAME));
  const creatorId = personOf(first(row, CREATOR));
  const createdAt = dateOf(first(row, WHEN));
  const id = idOf('room', row.room_id ?? row.id);
  const members = creatorId ? [{ userId: creatorId, joinedAt: createdAt }] : [];
  const room: OldRoom = { id, name, createdAt, creatorId, members, messages: [] };
  return { room, keys: [row.id, row.room_id].map(keyOf).filter(Boolean) };
}

function addMember(places: Map<string, OldRoom>, personOf: Finder, row: Row) {
  const room = places.get(keyOf(first(row, ROOM)));
  const userId = personOf(first(row, PERSON));
  if (!room || !userId || room.members.some((member) => member.userId === userId)) return;
  const joined = first(row, WHEN);
  room.members.push({ userId, joinedAt: joined === undefined ? room.createdAt : dateOf(joined) });
}

function toMessage(row: Row, personOf: Finder): OldMessage {
  const body = textOf(first(row, TEXT));
  const createdAt = dateOf(first(row, WHEN));
  const id = idOf('message', row.id ?? `${createdAt.toISOString()} ${body}`);
  return { id, authorId: personOf(first(row, PERSON)), body, createdAt };
}

function first(row: Row, names: string[]): unknown {
  const name = names.find((candidate) => row[candidate] !== undefined && row[candidate] !== null);
  return name === undefined ? undefined : row[name];
}

// SQLite keeps a UUID without dashes, and a room's messages name it chat_<room_id>.
const keyOf = (value: unknown) =>
  textOf(value)
    .replace(/^chat_/, '')
    .replace(/^([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})$/i, '$1-$2-$3-$4-$5')
    .toLowerCase();

/** A UUID stays what it is; any other key gives one, always the same. */
function idOf(kind: string, value: unknown): string {
  const key = keyOf(value);
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(key)) return key;
  const hash = createHash('sha256').update(`shh of Django: ${kind} ${key}`).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

const textOf = (value: unknown) => (value === null || value === undefined ? '' : `${value}`.replaceAll('\0', '\ufffd'));
const isTrue = (value: unknown) => value === true || Number(value) === 1;

function dateOf(value: unknown): Date {
  if (value instanceof Date) return value;
  const text = textOf(value).replace(' ', 'T');
  const date = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(+date) ? new Date(0) : date;
}

function byKey(one: Row, other: Row): number {
  const [a, b] = [one, other].map((row) => textOf(row.id ?? row.room_id)) as [string, string];
  return a.localeCompare(b, 'en', { numeric: true });
}
