import { expect, vi } from 'vitest';
import type { Prisma } from '../api/db/db.ts';
import type { Node } from './world.ts';

type Act = () => Promise<unknown>;
const nothing = async () => {};

/**
 * What others do around the next change that the node makes: `before`, when who asks has been found to have the right to
 * and holds nothing yet, and `after`, when it is made or refused and they have not been answered.
 */
export function meanwhile(
  { core: { db } }: Node,
  { before = nothing, after = nothing }: { before?: Act; after?: Act },
) {
  const transact = db.$transaction.bind(db) as (...all: unknown[]) => Promise<unknown>;
  vi.spyOn(db, '$transaction').mockImplementationOnce(async (...all: unknown[]) => {
    await before();
    return transact(...all).finally(after);
  });
}

/** Something to wait for until somebody opens it. */
export class Gate {
  open = () => {};
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/**
 * Holds the account of a person until what `ask` asks for waits for it, and then does that under the same lock. Gives
 * the answer. Only where there is PostgreSQL.
 */
export async function onceItWaits<Answer>(
  { core: { db } }: Node,
  userId: string,
  ask: () => Promise<Answer>,
  then: (tx: Prisma.TransactionClient) => Promise<unknown>,
): Promise<Answer> {
  return db
    .$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT id FROM "user" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`;
        const answer = ask();
        await expect.poll(() => waiting(db)).toBe(1);
        await then(tx);
        return { answer };
      },
      { timeout: 30_000 },
    )
    .then(({ answer }) => answer);
}

async function waiting(db: Prisma.TransactionClient): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
