import type { PrismaClient } from '../db/db.ts';

export interface Position {
  roomId: string;
  seq: number;
  epoch: string;
}

/** Where the logs of these rooms end, and the epoch of the database that says so. */
export function readPositions(db: PrismaClient, roomIds: string[]): Promise<Position[]> {
  return db.$queryRaw<Position[]>`
    SELECT room.id AS "roomId", room.last_seq AS seq, instance.epoch
    FROM room CROSS JOIN instance WHERE room.id = ANY(${roomIds}::uuid[])`;
}

/** Of these positions, those that are not as the database has them, as it has them. */
export function readMoved(
  db: PrismaClient,
  known: { roomId: string; top: number; epoch: string }[],
): Promise<Position[]> {
  const [ids, tops] = [known.map(({ roomId }) => roomId), known.map(({ top }) => top)];
  const epochs = known.map(({ epoch }) => epoch);
  return db.$queryRaw<Position[]>`
    SELECT room.id AS "roomId", room.last_seq AS seq, instance.epoch
    FROM unnest(${ids}::uuid[], ${tops}::int[], ${epochs}::uuid[]) AS known(id, top, epoch)
    JOIN room ON room.id = known.id CROSS JOIN instance
    WHERE room.last_seq <> known.top OR instance.epoch <> known.epoch`;
}
