import { createHash } from 'node:crypto';
import { Prisma } from '../db/db.ts';
import { line } from '../input.ts';
import { noteRooms } from '../realtime/roomLog.ts';
import { nameKey } from '../rooms/rooms.ts';
import type { OldRoom } from './oldRecords.ts';

const AT_ONCE = 500;
type NewEntry = Prisma.EntryCreateManyInput;

/** Makes the room if it is not there, and appends the members and messages that are not there to its log. */
export async function addRoom(db: Prisma.TransactionClient, old: OldRoom, notes: string[]): Promise<void> {
  const room = (await locked(db, old.id)) ?? (await make(db, old, notes));
  if (room.deletedAt || room.encryption !== 'NONE') {
    notes.push(`The room ${old.id} was deleted or encrypted here: nothing was added to it.`);
    return;
  }
  const log = new Log(old.id, room);
  if (room.lastSeq === 0) log.add({ kind: 'ROOM_CREATED', actorId: old.creatorId, createdAt: old.createdAt }, 'made');
  const members = await newMembers(db, old);
  const memberships = members.map(({ userId, joinedAt }) => membershipOf(log, old, members, userId, joinedAt));
  for (const message of await newMessages(db, old)) log.say(message.id, message);
  for (const data of chunks(log.entries)) await db.entry.createMany({ data });
  const { lastSeq, lastMessageSeq, messageCount } = log;
  await db.room.update({ where: { id: old.id }, data: { lastSeq, lastMessageSeq, messageCount } });
  // What was written there was read there.
  await db.membership.createMany({ data: memberships.map((membership) => ({ ...membership, readSeq: lastSeq })) });
  const ids = members.map(({ userId }) => userId);
  await db.$executeRaw(noteRooms(Prisma.sql`SELECT unnest(${ids}::uuid[])`));
}

async function locked(db: Prisma.TransactionClient, id: string) {
  await db.$queryRaw`SELECT 1 FROM room WHERE id = ${id}::uuid FOR UPDATE`;
  return db.room.findUnique({ where: { id } });
}

async function make(db: Prisma.TransactionClient, old: OldRoom, notes: string[]) {
  const wish = line(70).safeParse(old.name.replace(/\s+/g, ' ').slice(0, 70)).data ?? 'room';
  let name = wish;
  for (let n = 2; await db.room.findUnique({ where: { nameKey: nameKey(name) } }); n++) name = `${wish} (${n})`;
  if (name !== old.name) notes.push(`The room "${old.name}" is called "${name}" now.`);
  const { id, createdAt, creatorId: createdById } = old;
  return db.room.create({ data: { id, kind: 'PUBLIC', name, nameKey: nameKey(name), createdAt, createdById } });
}

// Whoever left or was removed here stays away.
async function newMembers(db: Prisma.TransactionClient, { id, members }: OldRoom) {
  const there = await db.membership.findMany({ where: { roomId: id }, select: { userId: true } });
  const banned = await db.ban.findMany({ where: { roomId: id }, select: { userId: true } });
  const known = new Set([...there, ...banned].map(({ userId }) => userId));
  return members.filter(({ userId }) => !known.has(userId));
}

function membershipOf(log: Log, old: OldRoom, members: OldRoom['members'], userId: string, joinedAt: Date) {
  // A room whose creator is gone goes to whoever is there longest.
  const owner = log.startsEmpty && userId === (old.creatorId ?? members[0]?.userId);
  const creator = log.startsEmpty && userId === old.creatorId;
  if (!creator) log.add({ kind: 'MEMBER_JOINED', actorId: userId, subjectId: userId, createdAt: joinedAt }, userId);
  const joinedSeq = creator ? 1 : log.lastSeq;
  if (owner && !creator) {
    log.add(
      { kind: 'ROLE_CHANGED', subjectId: userId, detail: { role: 'OWNER' }, createdAt: joinedAt },
      `owner ${userId}`,
    );
  }
  return { roomId: old.id, userId, role: owner ? ('OWNER' as const) : ('MEMBER' as const), joinedAt, joinedSeq };
}

async function newMessages(db: Prisma.TransactionClient, { messages }: OldRoom) {
  const known = new Set<string>();
  for (const some of chunks(messages)) {
    const rows = await db.entry.findMany({ where: { id: { in: some.map(({ id }) => id) } }, select: { id: true } });
    for (const { id } of rows) known.add(id);
  }
  return messages.filter(({ id }) => !known.has(id));
}

/** The end of a room's log, and what is to be appended. */
class Log {
  readonly entries: NewEntry[] = [];
  readonly startsEmpty: boolean;
  readonly roomId: string;
  lastSeq: number;
  lastMessageSeq: number;
  messageCount: number;

  constructor(roomId: string, end: { lastSeq: number; lastMessageSeq: number; messageCount: number }) {
    this.roomId = roomId;
    this.startsEmpty = end.lastSeq === 0;
    ({ lastSeq: this.lastSeq, lastMessageSeq: this.lastMessageSeq, messageCount: this.messageCount } = end);
  }

  add(entry: Omit<NewEntry, 'roomId' | 'seq' | 'id'>, what: string) {
    this.entries.push({ ...entry, roomId: this.roomId, seq: ++this.lastSeq, id: idOf(this.roomId, what) });
  }

  say(id: string, { authorId, body, createdAt }: OldRoom['messages'][number]) {
    const seq = ++this.lastSeq;
    const place = { roomId: this.roomId, seq, changedSeq: seq, ordinal: ++this.messageCount };
    this.entries.push({ ...place, id, kind: 'MESSAGE', actorId: authorId, body, createdAt });
    this.lastMessageSeq = seq;
  }
}

function idOf(roomId: string, what: string): string {
  const hash = createHash('sha256').update(`${roomId} ${what}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function* chunks<T>(all: T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += AT_ONCE) yield all.slice(at, at + AT_ONCE);
}
