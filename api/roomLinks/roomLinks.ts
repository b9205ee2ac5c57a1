import type { z } from 'zod';
import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Room, RoomLink } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, parse } from '../input.ts';
import { hashOf, inHours, linkTerms, newToken } from '../links.ts';
import { enterRoom } from '../rooms/joining.ts';
import { getMembership, MANAGERS, type Reading, requireRole } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

const Terms = linkTerms('A link');

/**
 * Makes a link that lets its holders into a private room; owners and moderators. The token is shown once. It works for
 * as long as who made it manages the room.
 */
export async function createRoomLink(core: Core, viewer: Viewer, roomId: string, input: z.input<typeof Terms>) {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  const { maxUses, expiresInHours } = parse(Terms, input);
  if (room.kind !== 'PRIVATE')
    throw new AppError('FORBIDDEN', 'A public room needs no such link: whoever is here can join it.');
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const token = newToken();
  const terms = { maxUses, expiresAt: inHours(expiresInHours) };
  const data = { roomId: room.id, tokenHash: hashOf(token), createdById: viewer.id, ...terms };
  return { token, link: await core.db.roomLink.create({ data }) };
}

/** The links into a room that can still be used, newest first; owners and moderators. */
export async function listRoomLinks(core: Core, viewer: Viewer, roomId: string): Promise<RoomLink[]> {
  const room = await requireRole(core, viewer, roomId, MANAGERS);
  return core.db.roomLink.findMany({ where: { roomId: room.id, ...usable(core) }, orderBy: { id: 'desc' } });
}

/** Makes a link useless; owners and moderators of its room. NOT_FOUND for everyone else. */
export async function revokeRoomLink(core: Core, viewer: Viewer, id: string): Promise<void> {
  const link = await core.db.roomLink.findFirst({ where: { id: idOf(id, 'Link'), revokedAt: null } });
  if (!link) throw notFound('Link');
  await requireRole(core, viewer, link.roomId, MANAGERS).catch((error) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound('Link') : error;
  });
  await core.db.roomLink.updateMany({ where: { id: link.id, revokedAt: null }, data: { revokedAt: new Date() } });
}

/** The room that a link leads to, for who holds it; NOT_FOUND when it can no longer be used. */
export async function previewRoomLink(core: Core, _viewer: Viewer, token: string): Promise<Room> {
  return (await findLink(core, token)).room;
}

/** Joins the room that a link leads to. A member uses nothing up. NOT_FOUND when the link can no longer be used, FORBIDDEN for who is banned. */
export async function joinByLink(core: Core, viewer: Viewer, token: string): Promise<Room> {
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const { roomId } = await findLink(core, token);
  await enterRoom(core, viewer, roomId, Prisma.sql`head.kind = 'PRIVATE'`, (db) => useLink(db, token));
  return (await getMembership(core, viewer, roomId)).room;
}

async function findLink(core: Core, token: string): Promise<RoomLink & { room: Room }> {
  const where = { tokenHash: hashOf(token), room: { deletedAt: null }, ...usable(core) };
  const link = await core.db.roomLink.findFirst({ where, include: { room: true } });
  if (!link || !(await managedBy(core, link))) throw useless();
  return link;
}

type Made = Pick<RoomLink, 'roomId' | 'createdById'>;

// Whoever manages the room no more has not kept a way in.
async function managedBy({ db }: Reading, { roomId, createdById }: Made): Promise<boolean> {
  const where = { roomId, userId: createdById, leftSeq: null, role: { in: MANAGERS } };
  return (await db.membership.count({ where })) > 0;
}

// Under the lock of the room. Of two people with the last use, one gets in: who finds none takes their joining back.
async function useLink(db: Prisma.TransactionClient, token: string): Promise<void> {
  const [used] = await db.$queryRaw<Made[]>`
    UPDATE room_link SET uses = uses + 1
    WHERE token_hash = ${hashOf(token)} AND uses < max_uses AND revoked_at IS NULL AND expires_at > now()
    RETURNING room_id AS "roomId", created_by_id AS "createdById"`;
  if (!used || !(await managedBy({ db }, used))) throw useless();
}

const usable = (core: Core) => ({
  revokedAt: null,
  expiresAt: { gt: new Date() },
  uses: { lt: core.db.roomLink.fields.maxUses },
});

const useless = () =>
  new AppError('NOT_FOUND', 'This link is used up, was withdrawn or has expired. Ask for a new one.');
