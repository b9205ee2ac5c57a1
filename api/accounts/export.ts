import type { Core } from '../core.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from '../users/users.ts';

const PAGE = 500;

/**
 * Everything that the server keeps of the viewer, as the text of one JSON document, piece by piece: nothing is held
 * but a page of messages. RATE_LIMITED while another export of theirs is under way here.
 */
export async function* exportAccount(core: Core, viewer: Viewer): AsyncGenerator<string, void> {
  const running = runningOf(core);
  if (running.has(viewer.id)) throw new AppError('RATE_LIMITED', 'Your data is being put together already.');
  running.add(viewer.id);
  try {
    yield* account(core, viewer);
  } finally {
    running.delete(viewer.id);
  }
}

async function* account(core: Core, viewer: Viewer): AsyncGenerator<string, void> {
  yield `{\n"exportedAt": ${JSON.stringify(new Date())},\n"format": 1`;
  for (const [name, read] of Object.entries(PARTS)) yield `,\n"${name}": ${JSON.stringify(await read(core, viewer))}`;
  yield ',\n"messages": [';
  let separator = '\n';
  for await (const message of messages(core, viewer)) {
    yield separator + JSON.stringify(message);
    separator = ',\n';
  }
  yield '\n]\n}\n';
}

const PARTS: Record<string, (core: Core, viewer: Viewer) => Promise<unknown>> = {
  profile: ({ db }, { id }) =>
    db.user.findUniqueOrThrow({
      where: { id },
      omit: { usernameKey: true, emailKey: true, passwordHash: true, recoveryHash: true, roomsVersion: true },
    }),
  sessions: ({ db }, { id }) =>
    db.session.findMany({ where: { userId: id }, omit: { refreshId: true, previousId: true, userId: true } }),
  securityEvents: ({ db }, { id }) =>
    db.auditEvent.findMany({
      where: { OR: [{ actorId: id }, { subjectId: id }] },
      select: { id: true, action: true, detail: true, createdAt: true },
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

// By room and position, so that each page is one step along an index.
async function* messages({ db }: Core, { id }: Viewer) {
  const rooms = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT room_id AS id FROM entry WHERE actor_id = ${id}::uuid AND kind = 'MESSAGE'`;
  for (const { id: roomId } of rooms) {
    for (let after = 0, full = true; full; ) {
      const page = await db.entry.findMany({
        where: { actorId: id, roomId, kind: 'MESSAGE', seq: { gt: after } },
        orderBy: { seq: 'asc' },
        take: PAGE,
        select: { id: true, roomId: true, seq: true, body: true, createdAt: true, editedAt: true, deletedAt: true },
      });
      yield* page;
      after = page.at(-1)?.seq ?? after;
      full = page.length === PAGE;
    }
  }
}

const runs = new WeakMap<Core, Set<string>>();
function runningOf(core: Core): Set<string> {
  const known = runs.get(core) ?? new Set<string>();
  runs.set(core, known);
  return known;
}
