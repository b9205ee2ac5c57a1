import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import type { Membership, Room } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { changeMessage } from '../messages/messageChange.ts';
import { deleted, findMessage } from '../messages/messages.ts';
import type { MessageState } from '../realtime/entry.ts';
import { selectMessages } from '../realtime/logPages.ts';
import { acting, appendChange } from '../realtime/roomLog.ts';
import { refuseEncrypted } from '../rooms/encrypted.ts';
import type { Reading } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';

const MOST = 50;

/** Pins a message for everyone in its room: owners and moderators, in a direct room both. Again, it changes nothing. */
export async function pinMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const { message } = await findForPins(core, viewer, id);
  return append(core, viewer, message, {
    kind: 'MESSAGE_PINNED',
    set: Prisma.sql`pinned_at = clock_timestamp()`,
    where: Prisma.sql`e.pinned_at IS NULL AND (
      SELECT count(*) FROM entry p WHERE p.room_id = e.room_id AND p.pinned_at IS NOT NULL) < ${MOST}`,
    refuse: ({ deletedAt, pinnedAt }) => {
      if (deletedAt) throw deleted();
      if (!pinnedAt) throw new AppError('CONFLICT', `A room has at most ${MOST} pins: take one away first.`);
    },
  });
}

/** Takes a pin away: owners and moderators, in a direct room both. Again, it changes nothing. */
export async function unpinMessage(core: Core, viewer: Viewer, id: string): Promise<MessageState> {
  const { message } = await findForPins(core, viewer, id);
  return append(core, viewer, message, {
    kind: 'MESSAGE_UNPINNED',
    set: Prisma.sql`pinned_at = NULL`,
    where: Prisma.sql`e.pinned_at IS NOT NULL`,
  });
}

/** The pinned messages of each of these rooms, the newest pin first, in one query. They were found through memberships. */
export async function pinsOf(core: Core, rooms: readonly Room[]): Promise<Map<string, MessageState[]>> {
  const ids = rooms.map(({ id }) => id);
  const pinned = Prisma.sql`(SELECT * FROM entry WHERE room_id = ANY(${ids}::uuid[]) AND pinned_at IS NOT NULL)`;
  const messages = await selectMessages(core.db, pinned, Prisma.sql`e.pinned_at DESC, e.seq DESC`);
  const pins = new Map<string, MessageState[]>(ids.map((id) => [id, []]));
  for (const message of messages) pins.get(message.roomId)?.push(message);
  return pins;
}

async function findForPins(core: Reading, viewer: Viewer, id: string) {
  const found = await findMessage(core, viewer, id);
  if (!mayPin(found.membership))
    throw new AppError('FORBIDDEN', 'Only owners and moderators of this room can do this.');
  refuseEncrypted(found.membership.room);
  return found;
}

const mayPin = ({ role, room }: Membership & { room: Room }) => role !== 'MEMBER' || room.kind === 'DIRECT';

interface PinChange {
  kind: 'MESSAGE_PINNED' | 'MESSAGE_UNPINNED';
  set: Prisma.Sql;
  where: Prisma.Sql;
  /** May refuse what did not apply, by the message as it was then. */
  refuse?: (message: MessageState) => void;
}

function append(
  core: Core,
  viewer: Viewer,
  { id, roomId }: MessageState,
  { kind, set, where, refuse = () => {} }: PinChange,
): Promise<MessageState> {
  const changes = Prisma.sql`
    ${acting(viewer.id)},
    changed AS (
      UPDATE entry e SET ${set}, changed_seq = head.seq FROM head, acting
      WHERE e.id = ${id}::uuid AND e.room_id = head.id AND e.kind = 'MESSAGE' AND e.deleted_at IS NULL
        AND head.encryption = 'NONE' AND (acting.role <> 'MEMBER' OR head.kind = 'DIRECT') AND ${where}
      RETURNING e.*
    )`;
  const change = { roomId, kind, actorId: viewer.id, targetId: id, changes, target: Prisma.sql`changed` };
  const unchanged = async (now: Reading) => {
    const { message } = await findForPins(now, viewer, id);
    refuse(message);
    return message;
  };
  return changeMessage(core, roomId, (db) => appendChange(db, change), unchanged);
}
