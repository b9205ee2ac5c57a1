import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig } from '../../../api/config.ts';
import { type Core, openCore } from '../../../api/core.ts';
import { createLoaders } from '../../../api/loaders.ts';
import { createLog } from '../../../api/log.ts';
import { pageMentions } from '../../../api/mentions/mentions.ts';
import { pageMessages, pageMessagesOf } from '../../../api/messages/messagePages.ts';
import { deleteMessage, editMessage, findMessage, sendMessage } from '../../../api/messages/messages.ts';
import { pinsOf } from '../../../api/pins/pins.ts';
import { setReaction } from '../../../api/reactions/reactions.ts';
import { readEntries } from '../../../api/realtime/logPages.ts';
import { readMoved } from '../../../api/realtime/positions.ts';
import { expireRoom } from '../../../api/retention/expiring.ts';
import { markRead } from '../../../api/rooms/readMarks.ts';
import { noticesOf } from '../../../api/rooms/roomNotices.ts';
import { getRoom, listRooms } from '../../../api/rooms/rooms.ts';
import { searchMessages } from '../../../api/search/search.ts';
import type { Viewer } from '../../../api/users/users.ts';
import { type Figure, shown, table } from '../figures.ts';
import type { Settings } from '../main.ts';
import { explainAll, type Plan, plansOf } from '../plans/explained.ts';
import { fillLog } from '../plans/fill.ts';

const LARGE = ['entry', 'mention', 'reaction'];

interface Place {
  core: Core;
  viewer: Viewer;
  room: string;
  message: string;
  end: number;
  own: string;
}

/** The acts that everything else is made of, as the product does them, in the largest room and by who is in 200 rooms. */
const ACTS: Record<string, (place: Place) => Promise<unknown>> = {
  'send a message': ({ core, viewer, room }) => sendMessage(core, viewer, room, { id: randomUUID(), body: 'hello' }),
  'send a reply that names somebody': ({ core, viewer, room, message }) =>
    sendMessage(core, viewer, room, { id: randomUUID(), body: 'hello @p7', replyTo: message }),
  edit: ({ core, viewer, own }) => editMessage(core, viewer, own, 'changed'),
  react: ({ core, viewer, message }) => setReaction(core, viewer, message, '🎉', true),
  delete: ({ core, viewer, own }) => deleteMessage(core, viewer, own),
  'mark read': ({ core, viewer, room, end }) => markRead(core, viewer, room, end),
  'the newest page': ({ core, viewer, room }) => pageMessages(core, viewer, room, { last: 50 }),
  'a page in the middle': ({ core, viewer, room, end }) =>
    pageMessages(core, viewer, room, { last: 50, before: String(end >> 1) }),
  'a page around a link': async ({ core, viewer, room, message }) =>
    pageMessagesOf(core, await getRoom(core, viewer, room), { around: message }),
  'a message by its id': ({ core, viewer, message }) => findMessage(core, viewer, message),
  'what happened besides': async ({ core, viewer, room, end }) =>
    noticesOf(core, await getRoom(core, viewer, room), 0, end),
  'catch up: 200 entries': ({ core, room, end }) => readEntries(core.db, room, end - 5_000),
  'the look once a second, 1,000 rooms': async ({ core }) => {
    const rooms = await core.db.room.findMany({ take: 1_000, select: { id: true, lastSeq: true } });
    const { epoch } = await core.db.instance.findFirstOrThrow();
    return readMoved(
      core.db,
      rooms.map(({ id, lastSeq }) => ({ roomId: id, top: lastSeq, epoch })),
    );
  },
  'the list of rooms with counts': async ({ core, viewer }) => {
    const loaders = createLoaders(core, { viewer });
    const { rooms } = await listRooms(core, viewer);
    await Promise.all(rooms.map(({ id }) => loaders.roomFacts.load({ id, part: 'counts' })));
    await Promise.all(rooms.map((room) => loaders.lastMessage.load(room)));
  },
  'pins of a room': async ({ core, viewer, room }) => pinsOf(core, [await getRoom(core, viewer, room)]),
  'mentions of me': ({ core, viewer }) => pageMentions(core, viewer, false, { first: 50 }),
  'search a rare word': ({ core, viewer }) => searchMessages(core, viewer, 'rare17', null, { first: 20 }),
  'search a rare word in a room': ({ core, viewer, room }) =>
    searchMessages(core, viewer, 'rare17', room, { first: 20 }),
  'expire a day: 2,500 messages': async ({ core, room }) => {
    // The oldest are of 399 days ago.
    await core.db.room.update({ where: { id: room }, data: { retentionDays: 398 } });
    await expireRoom(core, room);
  },
};

/**
 * How PostgreSQL finds what the product asks, in a log of ten million entries (100,000 with --quick): the plan of each
 * statement of each act, told by PostgreSQL as it runs them. PLANS=file keeps the plans. Takes minutes and 6 GB of disk.
 */
export async function plans({ services, quick, say }: Settings): Promise<Figure[]> {
  const entries = quick ? 100_000 : 10_000_000;
  const url = await services.database();
  await withCore(url, async () => {});
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { bytes, ...found } = await fillLog(client, entries, (line) => console.error(line));
  await explainAll(client);
  await client.end();
  const measured = await withCore(url, async (core) => measure(await settle(core, found)));
  say(`The log with its indexes: ${bytes}.\n\n${rowsOf(measured)}`);
  if (process.env.PLANS) writeFileSync(process.env.PLANS, textOf(measured));
  const all = measured.flatMap(({ plans }) => plans);
  const name = `of ${entries.toLocaleString('en')} entries`;
  return [
    {
      name: `${name}: statements that read a large table from end to end`,
      value: all.filter(isScan).length,
      unit: '',
      atMost: 0,
    },
    {
      name: `${name}: pages that the dearest statement looked at`,
      value: Math.max(...all.map(({ pages }) => pages)),
      unit: '',
    },
  ];
}

async function withCore<Result>(url: string, act: (core: Core) => Promise<Result>): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shh-plans-'));
  const config = readConfig({ DATABASE_URL: url, DATA_DIR: dataDir, SECRET_KEY: 'plans'.repeat(8), ...GENEROUS });
  const core = await openCore(config, createLog('warn'));
  core.heartbeat.stop();
  try {
    return await act(core);
  } finally {
    await core.close();
    rmSync(dataDir, { recursive: true });
  }
}

const GENEROUS = {
  LIMIT_MESSAGES_PER_10_SECONDS: '100000',
  LIMIT_CHANGES_PER_MINUTE: '100000',
  LIMIT_MARKS_PER_10_SECONDS: '100000',
};

async function settle(
  core: Core,
  { room, message, person }: { room: string; message: string; person: string },
): Promise<Place> {
  const viewer = { id: person, sessionId: '' };
  const { lastSeq } = await core.db.room.findUniqueOrThrow({ where: { id: room } });
  const { id: own } = await sendMessage(core, viewer, room, { id: randomUUID(), body: 'mine' });
  return { core, viewer, room, message, end: lastSeq, own };
}

interface Measured {
  name: string;
  plans: Plan[];
}

// The second time, when what it needs has been read from the disk once.
async function measure(place: Place): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [name, act] of Object.entries(ACTS)) {
    if (!ONCE.includes(name)) await act(place);
    const found = await plansOf(() => act(place));
    measured.push({ name, plans: found });
    console.error(`${name}: ${found.map(({ took }) => shown(took)).join(' + ')} ms`);
  }
  return measured;
}

const ONCE = ['edit', 'react', 'delete', 'mark read', 'expire a day: 2,500 messages'];
const isScan = ({ scanned }: Plan) => scanned.some((name) => LARGE.includes(name));

function rowsOf(measured: Measured[]): string {
  const rows = measured.map(({ name, plans }) => {
    const indexes = [...new Set(plans.flatMap((plan) => plan.indexes))].filter((index) =>
      /^(entry|mention|reaction)/.test(index),
    );
    const whole = plans.filter(isScan).flatMap(({ scanned }) => scanned);
    const sum = (what: 'took' | 'pages') => shown(plans.reduce((total, plan) => total + plan[what], 0));
    return [name, `${plans.length}`, sum('took'), sum('pages'), indexes.join(', ') || '–', whole.join(', ') || 'none'];
  });
  return table(['act', 'statements', 'ms', 'pages of 8 kB', 'indexes of the log', 'read whole'], rows);
}

const textOf = (measured: Measured[]) =>
  measured.map(({ name, plans }) => `## ${name}\n\n${plans.map(({ text }) => text).join('\n\n')}\n`).join('\n');
