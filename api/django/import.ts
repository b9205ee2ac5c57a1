import type { Prisma, PrismaClient } from '../db/db.ts';
import { readOldRecords } from './oldRecords.ts';
import { addPeople } from './people.ts';
import { addRoom } from './rooms.ts';
import { openSource } from './source.ts';

export interface Counts {
  people: number;
  rooms: number;
  memberships: number;
  messages: number;
}
export interface Report {
  /** In the old database; messages without those of rooms that are no more, and without empty ones. */
  found: Counts;
  before: Counts;
  after: Counts;
  /** What an operator should know: who has another name now, and what could not come along. */
  notes: string[];
}

/**
 * Brings people, rooms, memberships and messages of the Django application into this database: all or, when something
 * fails or `dry` asks for it, nothing. What came before is known by its id and left as it is.
 */
export async function importDjango(db: PrismaClient, from: string, dry: boolean): Promise<Report> {
  const source = await openSource(from);
  const old = await readOldRecords(source).finally(() => source.close());
  const found = {
    people: old.people.length,
    rooms: old.rooms.length,
    memberships: old.rooms.reduce((sum, { members }) => sum + members.length, 0),
    messages: old.rooms.reduce((sum, { messages }) => sum + messages.length, 0),
  };
  const notes = old.homeless > 0 ? [`${old.homeless} messages belong to rooms that are no more: left out.`] : [];
  const work = async (tx: Prisma.TransactionClient) => {
    const before = await countAll(tx);
    await addPeople(tx, old.people, notes);
    for (const room of old.rooms) await addRoom(tx, room, notes);
    const report = { found, before, after: await countAll(tx), notes };
    if (dry) throw new Rehearsed(report);
    return report;
  };
  return db.$transaction(work, { timeout: 3_600_000 }).catch((error) => {
    if (error instanceof Rehearsed) return error.report;
    throw error;
  });
}

/** Undoes what was tried. */
class Rehearsed extends Error {
  constructor(readonly report: Report) {
    super('nothing is kept of a rehearsal');
  }
}

async function countAll(db: Prisma.TransactionClient): Promise<Counts> {
  return {
    people: await db.user.count(),
    rooms: await db.room.count(),
    memberships: await db.membership.count(),
    messages: await db.entry.count({ where: { kind: 'MESSAGE' } }),
  };
}
