import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from '../users/users.ts';

const PAGE = 500;

/**
 * Everything that the server keeps of the viewer, as the text of one JSON document, piece by piece: nothing is held
 * but a page of a list. A message of an encrypted room (encoding MLS) comes without its content, which the server cannot open. Of files it has what is known of each, and the path to get it from. RATE_LIMITED while another
 * export of theirs is under way, on whichever node.
 */
export async function* exportAccount(core: Core, viewer: Viewer): AsyncGenerator<string, void> {
  if (!(await hold(core, viewer, Prisma.sql`exporting_until IS NULL OR exporting_until < now()`))) throw underWay();
  try {
    yield* account(core, viewer);
  } finally {
    await core.db.user.updateMany({ where: { id: viewer.id }, data: { exportingUntil: null } });
  }
}

// A node that dies in the middle keeps nobody from trying again for long.
const hold = ({ db }: Core, { id }: Viewer, condition: Prisma.Sql) => db.$executeRaw`
  UPDATE "user" SET exporting_until = now() + interval '1 minute' WHERE id = ${id}::uuid AND (${condition})`;
const underWay = () => new AppError('RATE_LIMITED', 'Your data is being put together already.');

async function* account(core: Core, viewer: Viewer): AsyncGenerator<string, void> {
  yield `{\n"exportedAt": ${JSON.stringify(new Date())},\n"format": 2`;
  for (const [name, read] of Object.entries(PARTS)) yield `,\n"${name}": ${JSON.stringify(await read(core, viewer))}`;
  for (const [name, pages] of Object.entries(LISTS)) {
    yield `,\n"${name}": [`;
    let separator = '\n';
    for await (const page of pages(core, viewer)) {
      if (page.length > 0) yield separator + page.map((each) => JSON.stringify(each)).join(',\n');
      if (page.length > 0) separator = ',\n';
      await hold(core, viewer, Prisma.sql`true`);
    }
    yield '\n]';
  }
  yield '\n}\n';
}

const PARTS: Record<string, (core: Core, viewer: Viewer) => Promise<unknown>> = {
  profile: ({ db }, { id }) =>
    db.user.findUniqueOrThrow({
      where: { id },
      omit: {
        ...{ usernameKey: true, emailKey: true, passwordHash: true, recoveryHash: true },
        ...{ roomsVersion: true, exportingUntil: true, accountKey: true },
      },
    }),
  devices: ({ db }, { id }) =>
    db.device.findMany({
      where: { userId: id },
      select: { id: true, name: true, createdAt: true, lastSeenAt: true, revokedAt: true, suites: true },
    }),
  // What is sealed the server cannot open: only that it is there, and how large.
  secrets: ({ db }, { id }) =>
    db.$queryRaw`SELECT name, version, octet_length(blob) AS size FROM secret_blob WHERE user_id = ${id}::uuid`,
  backups: ({ db }, { id }) =>
    db.$queryRaw`
      SELECT room_id AS "roomId", count(*)::int AS parts, sum(octet_length(blob))::int AS size
      FROM backup_segment WHERE user_id = ${id}::uuid GROUP BY room_id ORDER BY room_id`,
  sessions: ({ db }, { id }) =>
    db.session.findMany({ where: { userId: id }, omit: { refreshId: true, previousId: true, userId: true } }),
  pushSubscriptions: ({ db }, { id }) =>
    db.pushSubscription.findMany({
      where: { userId: id },
      select: { sessionId: true, endpoint: true, createdAt: true },
    }),
  securityEvents: ({ db }, { id }) =>
    db.auditEvent.findMany({
      where: { OR: [{ actorId: id }, { subjectId: id }] },
      select: { id: true, action: true, detail: true, createdAt: true },
    }),
  passkeys: ({ db }, { id }) =>
    db.passkey.findMany({
      where: { userId: id },
      select: { id: true, name: true, transports: true, createdAt: true, lastUsedOn: true },
    }),
  personalTokens: ({ db }, { id }) =>
    db.personalToken.findMany({ where: { userId: id }, omit: { tokenHash: true, userId: true } }),
  incomingWebhooks: ({ db }, { id }) =>
    db.incomingWebhook.findMany({ where: { createdById: id }, omit: { tokenHash: true, createdById: true } }),
  outgoingWebhooks: ({ db }, { id }) =>
    db.outgoingWebhook.findMany({
      where: { createdById: id },
      select: { id: true, roomId: true, url: true, events: true, createdAt: true, stoppedAt: true },
    }),
  memberships: ({ db }, { id }) =>
    db.membership.findMany({
      where: { userId: id },
      include: { room: { select: { name: true, kind: true } } },
      omit: { userId: true },
    }),
  bans: ({ db }, { id }) => db.ban.findMany({ where: { userId: id }, select: { roomId: true, createdAt: true } }),
  blocked: ({ db }, { id }) =>
    db.block.findMany({
      where: { blockerId: id },
      select: { createdAt: true, blocked: { select: { username: true, displayName: true } } },
    }),
  invitations: ({ db }, { id }) =>
    db.invitation.findMany({ where: { createdById: id }, omit: { tokenHash: true, createdById: true } }),
  roomLinks: ({ db }, { id }) =>
    db.roomLink.findMany({ where: { createdById: id }, omit: { tokenHash: true, createdById: true } }),
};

type Pages = (core: Core, viewer: Viewer) => AsyncGenerator<object[], void>;

const LISTS: Record<string, Pages> = { messages, files, reactions, mentions };

// By room and position, so that each page is one step along an index.
async function* messages({ db }: Core, { id }: Viewer) {
  const rooms = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT room_id AS id FROM entry WHERE actor_id = ${id}::uuid AND kind = 'MESSAGE'`;
  for (const { id: roomId } of rooms) {
    yield* paged((last?: { seq: number }) =>
      db.entry.findMany({
        where: { actorId: id, roomId, kind: 'MESSAGE', seq: { gt: last?.seq ?? 0 } },
        orderBy: { seq: 'asc' },
        take: PAGE,
        select: MESSAGE,
      }),
    );
  }
}

async function* files({ db }: Core, { id: ownerId }: Viewer) {
  const read = (last?: { id: string }) =>
    db.file.findMany({
      where: { ownerId, readyAt: { not: null }, ...(last && { id: { gt: last.id } }) },
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true, roomId: true, messageId: true, name: true, type: true, size: true, createdAt: true },
    });
  for await (const page of paged(read)) yield page.map((file) => ({ ...file, path: `/files/${file.id}` }));
}

// Of messages of others only where they stand: what they say is theirs.
function reactions({ db }: Core, { id: userId }: Viewer) {
  return paged((last?: { roomId: string; seq: number; emoji: string }) =>
    db.reaction.findMany({
      where: { userId },
      orderBy: [{ roomId: 'asc' }, { seq: 'asc' }, { emoji: 'asc' }],
      take: PAGE,
      omit: { userId: true },
      ...(last && { cursor: { roomId_seq_emoji_userId: { ...placeOf(last), emoji: last.emoji, userId } }, skip: 1 }),
    }),
  );
}

function mentions({ db }: Core, { id: userId }: Viewer) {
  return paged((last?: { roomId: string; seq: number }) =>
    db.mention.findMany({
      where: { userId },
      orderBy: [{ roomId: 'asc' }, { seq: 'asc' }],
      take: PAGE,
      omit: { userId: true },
      ...(last && { cursor: { userId_roomId_seq: { ...placeOf(last), userId } }, skip: 1 }),
    }),
  );
}

const placeOf = ({ roomId, seq }: { roomId: string; seq: number }) => ({ roomId, seq });

/** Page after page, each from the last of the one before on. */
async function* paged<Row extends object>(read: (last?: Row) => Promise<Row[]>): AsyncGenerator<Row[], void> {
  for (let page = await read(); page.length > 0; page = await read(page.at(-1))) {
    yield page;
    if (page.length < PAGE) return;
  }
}

const MESSAGE = {
  ...{ id: true, roomId: true, seq: true, encoding: true, body: true, files: true, targetId: true },
  ...{ createdAt: true, editedAt: true, deletedAt: true },
} as const;
