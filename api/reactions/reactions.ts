import type { Core } from '../core.ts';
import { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import { changeMessage } from '../messages/messageChange.ts';
import { deleted, findMessage } from '../messages/messages.ts';
import type { LogEntry, MessageState } from '../realtime/entry.ts';
import { appendChange } from '../realtime/roomLog.ts';
import { refuseEncrypted } from '../rooms/encrypted.ts';
import type { Reading } from '../rooms/memberships.ts';
import type { Viewer } from '../users/users.ts';
import { isEmoji } from './emoji.ts';

const MOST_EMOJI = 20;

/** Answers a message with an emoji, or takes that back. Doing it again changes nothing and tells nobody. */
export async function setReaction(core: Core, viewer: Viewer, id: string, emoji: string, on: boolean) {
  const { message, membership } = await findMessage(core, viewer, id);
  refuseEncrypted(membership.room);
  if (!isEmoji(emoji)) throw new AppError('INVALID_INPUT', 'A reaction is one emoji.', { fields: { emoji: [ONE] } });
  await core.limits.take('marksPer10Seconds', viewer.id, viewer);
  return changeMessage(
    core,
    message.roomId,
    (tx) => append(tx, viewer, message, emoji, on),
    (now) => asItIs(now, viewer, id, emoji, on),
  );
}

const ONE = 'Choose one emoji.';

// In two statements, so that the second one reads the reactions as the first one left them.
async function append(
  tx: Prisma.TransactionClient,
  viewer: Viewer,
  { id, roomId }: MessageState,
  emoji: string,
  on: boolean,
): Promise<LogEntry | null> {
  const changed = await tx.$executeRaw(on ? put(viewer, id, emoji) : take(viewer, id, emoji));
  if (changed === 0) return null;
  return appendChange(tx, {
    roomId,
    kind: on ? 'REACTION_SET' : 'REACTION_REMOVED',
    actorId: viewer.id,
    targetId: id,
    detail: Prisma.sql`jsonb_build_object('emoji', ${emoji}::text)`,
    changes: Prisma.sql`
      changed AS (UPDATE entry e SET changed_seq = head.seq FROM head WHERE e.id = ${id}::uuid RETURNING e.*)`,
    target: Prisma.sql`changed`,
  });
}

const put = (viewer: Viewer, id: string, emoji: string) => Prisma.sql`
  INSERT INTO reaction (room_id, seq, emoji, user_id, created_at)
  SELECT e.room_id, e.seq, ${emoji}, m.user_id, clock_timestamp() FROM ${standing(viewer, id)}
    AND (SELECT count(DISTINCT r.emoji) FROM reaction r
      WHERE r.room_id = e.room_id AND r.seq = e.seq AND r.emoji <> ${emoji}) < ${MOST_EMOJI}
  ON CONFLICT DO NOTHING`;

const take = (viewer: Viewer, id: string, emoji: string) => Prisma.sql`
  DELETE FROM reaction WHERE emoji = ${emoji} AND (room_id, seq, user_id) IN (
    SELECT e.room_id, e.seq, m.user_id FROM ${standing(viewer, id)}
  )`;

const standing = (viewer: Viewer, id: string) => Prisma.sql`
  entry e
  JOIN room ON room.id = e.room_id AND room.deleted_at IS NULL AND room.encryption = 'NONE'
  JOIN membership m ON m.room_id = e.room_id AND m.user_id = ${viewer.id}::uuid AND m.left_seq IS NULL
  WHERE e.id = ${id}::uuid AND e.kind = 'MESSAGE' AND e.deleted_at IS NULL`;

async function asItIs(now: Reading, viewer: Viewer, id: string, emoji: string, on: boolean) {
  const { message, membership } = await findMessage(now, viewer, id);
  refuseEncrypted(membership.room);
  if (message.deletedAt) throw deleted();
  const full = on && !message.reactions.some((reaction) => reaction.emoji === emoji);
  if (full)
    throw new AppError('CONFLICT', `A message has at most ${MOST_EMOJI} different reactions: join one of them.`);
  return message;
}
