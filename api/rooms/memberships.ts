import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { MemberRole, Membership, Room } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import type { Viewer } from '../users/users.ts';

/** The database as it is, or as a transaction sees it. */
export interface Reading {
  db: Prisma.TransactionClient;
}

/** Who has a say over others in a room. */
export const MANAGERS: MemberRole[] = ['OWNER', 'MODERATOR'];

/** The room, if the viewer's membership has one of the roles: NOT_FOUND for strangers, FORBIDDEN for other members. */
export async function requireRole(core: Reading, viewer: Viewer, roomId: string, roles: MemberRole[]): Promise<Room> {
  const { room, role } = await getMembership(core, viewer, roomId);
  if (roles.includes(role)) return room;
  const who = roles.includes('MODERATOR') ? 'Only owners and moderators of this room' : 'Only an owner of this room';
  throw new AppError('FORBIDDEN', `${who} can do this.`);
}

/** The viewer's own membership with its room; NOT_FOUND when there is none that lasts. */
export async function getMembership(
  { db }: Reading,
  viewer: Viewer,
  roomId: string,
): Promise<Membership & { room: Room }> {
  const membership = await db.membership.findFirst({
    where: { roomId: idOf(roomId, 'Room'), userId: viewer.id, leftSeq: null, room: { deletedAt: null } },
    include: { room: true },
  });
  if (!membership) throw notFound('Room');
  return membership;
}

/** Somebody's membership that lasts, in a room that was found through one; NOT_FOUND when there is none. */
export async function membershipOf({ db }: Reading, roomId: string, userId: string): Promise<Membership> {
  const membership = await db.membership.findFirst({ where: { roomId, userId, leftSeq: null } });
  if (!membership) throw notFound('Member');
  return membership;
}

/** Who is in the room, longest membership first. The room has been found through a membership. */
export function pageMembers(core: Core, room: Room, page: PageRequest): Promise<Page<Membership>> {
  return readPage(page, 'first', ({ after, before, limit, backwards }) => {
    const order = backwards ? 'desc' : 'asc';
    return core.db.membership.findMany({
      where: { roomId: room.id, ...present(room), AND: [beyond('gt', after), beyond('lt', before)] },
      orderBy: [{ joinedSeq: order }, { userId: order }],
      take: limit,
    });
  });
}

// A direct room has its two people, also while one of them has put it away by blocking the other.
const present = ({ kind }: Room) => (kind === 'DIRECT' ? {} : { leftSeq: null });

/** Where a membership stands in the list, also once it has ended. */
export const memberCursor = ({ joinedSeq, userId }: Membership): string => `${joinedSeq}.${userId}`;

const CURSOR = /^(\d{1,9})\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;
function beyond(side: 'gt' | 'lt', cursor: string | null): Prisma.MembershipWhereInput {
  if (cursor === null) return {};
  const [, seq, userId] = CURSOR.exec(cursor) ?? [];
  if (!seq || !userId) throw new AppError('INVALID_INPUT', 'This is not a cursor of a member.');
  const joinedSeq = Number(seq);
  return { OR: [{ joinedSeq: { [side]: joinedSeq } }, { joinedSeq, userId: { [side]: userId } }] };
}
