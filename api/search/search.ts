import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import { idOf } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import type { MessageState } from '../realtime/entry.ts';
import { findEntries } from '../realtime/logPages.ts';
import { getMembership } from '../rooms/memberships.ts';
import { usernameKey } from '../users/username.ts';
import type { Viewer } from '../users/users.ts';
import { readSearch, type Wanted } from './searchText.ts';

const LONGEST = 200;
/** What stands in fewer messages than this is looked at one by one. */
const RARE = 2_000;
/** How much of a text is shown, and how much of that before the first match. */
const [SHOWN, BEFORE] = [240, 60];
/** As the indexes have it. */
const READABLE = Prisma.sql`e.kind = 'MESSAGE' AND e.deleted_at IS NULL`;
// Marks that no message can have: they are not characters.
const [BEGIN, END] = ['\ufdd0', '\ufdd1'];

/** A message that was found. */
export interface Found {
  message: MessageState;
  /** The part of its text that fits, in order. */
  excerpt: { text: string; isMatch: boolean }[];
}

/**
 * Messages of the viewer’s rooms, or of one of them, that have what is looked for, newest first. Only texts that the
 * server can read: not those of encrypted rooms. INVALID_INPUT when nothing is looked for.
 */
export async function searchMessages(
  core: Core,
  viewer: Viewer,
  text: string,
  roomId: string | null | undefined,
  request: PageRequest,
): Promise<Page<Found>> {
  const room = roomId != null ? (await getMembership(core, viewer, roomId)).roomId : null;
  if (text.length > LONGEST) throw new AppError('INVALID_INPUT', `Look for at most ${LONGEST} characters.`);
  if (text.includes('\0') || !text.isWellFormed()) throw new AppError('INVALID_INPUT', 'This cannot be looked for.');
  await core.limits.take('changesPerMinute', `search ${viewer.id}`, viewer);
  const wanted = readSearch(text);
  const query = queryOf(wanted);
  if (!query && !wanted.from && !wanted.hasFile) throw new AppError('INVALID_INPUT', 'Say what to look for.');
  return readPage(request, 'first', async ({ after, before, limit, backwards }) => {
    const filters = [...filtersOf(wanted, viewer, query), await roomsFilter(core, viewer, wanted, query, room)];
    if (after) filters.push(Prisma.sql`(e.created_at, e.id) < ${placeOf(after)}`);
    if (before) filters.push(Prisma.sql`(e.created_at, e.id) > ${placeOf(before)}`);
    return find(core, query, filters, limit, backwards);
  });
}

/** Where a message stands among those that are found. */
export const foundCursor = ({ message }: Found) => `${Date.parse(message.createdAt)}.${message.id}`;

function placeOf(cursor: string): Prisma.Sql {
  const [, time, id] = /^(\d{1,15})\.([\da-f-]{36})$/.exec(cursor) ?? [];
  if (!time || !id) throw new AppError('INVALID_INPUT', 'This is not a cursor.');
  return Prisma.sql`(${new Date(Number(time))}::timestamptz, ${idOf(id, 'Message')}::uuid)`;
}

// Words are looked up as they are written, in any language; the index is on the same expression.
function queryOf({ words, phrases }: Wanted): Prisma.Sql | null {
  const beginnings = words.map((word) => Prisma.sql`to_tsquery('simple', ${quoted(word)})`);
  const whole = phrases.map((phrase) => Prisma.sql`phraseto_tsquery('simple', ${phrase})`);
  const all = [...beginnings, ...whole];
  return all.length > 0 ? Prisma.join(all, ' && ') : null;
}

const quoted = (word: string) => `'${word.replace(/['\\]/g, ' ')}':*`;

function filtersOf(wanted: Wanted, viewer: Viewer, query: Prisma.Sql | null): Prisma.Sql[] {
  const filters = [READABLE];
  if (query) filters.push(Prisma.sql`to_tsvector('simple', e.body) @@ (${query})`);
  if (wanted.from === 'me') filters.push(Prisma.sql`e.actor_id = ${viewer.id}::uuid`);
  else if (wanted.from)
    filters.push(Prisma.sql`e.actor_id = (SELECT id FROM "user" WHERE username_key = ${usernameKey(wanted.from)})`);
  if (wanted.hasFile) filters.push(Prisma.sql`e.files IS NOT NULL`);
  if (wanted.before) filters.push(Prisma.sql`e.created_at < ${wanted.before}::date`);
  if (wanted.after) filters.push(Prisma.sql`e.created_at >= ${wanted.after}::date + 1`);
  return filters;
}

// Where little is found, each of it is looked at. PostgreSQL thinks of every beginning of a word as frequent and would
// read the places of all entries of all rooms instead, unless it cannot.
async function roomsFilter(core: Core, viewer: Viewer, wanted: Wanted, query: Prisma.Sql | null, room: string | null) {
  const only = room ? Prisma.sql`AND m.room_id = ${room}::uuid` : Prisma.empty;
  const named = wanted.in ? Prisma.sql`AND lower(r.name) = ${wanted.in.toLowerCase()}` : Prisma.empty;
  const own = Prisma.sql`e.room_id IN (
    SELECT m.room_id FROM membership m JOIN room r ON r.id = m.room_id
    WHERE m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL ${only} ${named})`;
  const isFew = query ? await isRare(core, query) : wanted.hasFile;
  return isFew ? Prisma.sql`(${own}) IS TRUE` : own;
}

async function isRare({ db }: Core, query: Prisma.Sql): Promise<boolean> {
  const [found] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM (
      SELECT FROM entry e WHERE ${READABLE} AND to_tsvector('simple', e.body) @@ (${query}) LIMIT ${RARE}) seen`;
  return (found?.count ?? 0) < RARE;
}

async function find(
  core: Core,
  query: Prisma.Sql | null,
  filters: Prisma.Sql[],
  limit: number,
  backwards: boolean,
): Promise<Found[]> {
  const order = backwards ? Prisma.sql`ASC` : Prisma.sql`DESC`;
  const options = `StartSel=${BEGIN}, StopSel=${END}, HighlightAll=true`;
  const excerpt = query
    ? Prisma.sql`ts_headline('simple', f.body, ${query}, ${options})`
    : Prisma.sql`left(f.body, 200)`;
  const rows = await core.db.$queryRaw<{ id: string; excerpt: string }[]>`
    WITH found AS MATERIALIZED (
      SELECT e.id, e.created_at, e.body FROM entry e
      WHERE ${Prisma.join(filters, ' AND ')}
      ORDER BY e.created_at ${order}, e.id ${order} LIMIT ${limit}
    )
    SELECT f.id, ${excerpt} AS excerpt FROM found f ORDER BY f.created_at ${order}, f.id ${order}`;
  const entries = await findEntries(
    core.db,
    rows.map(({ id }) => id),
  );
  const messages = new Map(entries.map((entry) => [entry.id, entry.message]));
  return rows.flatMap((row) => {
    const message = messages.get(row.id);
    return message ? [{ message, excerpt: partsOf(row.excerpt ?? '') }] : [];
  });
}

function partsOf(marked: string): Found['excerpt'] {
  const first = marked.indexOf(BEGIN);
  const from = first > BEFORE ? marked.indexOf(' ', first - BEFORE) + 1 : 0;
  const shown = marked.slice(Math.min(from, Math.max(first, 0)));
  const cut = shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown;
  return `${from > 0 ? '…' : ''}${cut}`
    .split(new RegExp(`(${BEGIN}[^${END}]*${END}?)`))
    .filter(Boolean)
    .map((part) => ({ text: part.replace(new RegExp(`[${BEGIN}${END}]`, 'g'), ''), isMatch: part.startsWith(BEGIN) }));
}
