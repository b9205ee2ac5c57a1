import { vi } from 'vitest';
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
  node: Node,
  userId: string,
  ask: () => Promise<Answer>,
  then: (tx: Prisma.TransactionClient) => Promise<unknown>,
): Promise<Answer> {
  const hold = (tx: Prisma.TransactionClient) =>
    tx.$queryRaw`SELECT id FROM "user" WHERE id = ${userId}::uuid FOR NO KEY UPDATE`;
  const [answer] = await whileHeld(node, hold, () => [ask()], then);
  return answer as Answer;
}

/** What others do after the node has asked the database something with that text in it, the first time from now on. */
export function afterQuery({ core: { db } }: Node, text: string, act: Act) {
  const query = db.$queryRaw.bind(db) as (...all: unknown[]) => Promise<unknown>;
  const spy = vi.spyOn(db, '$queryRaw').mockImplementation((async (...all: unknown[]) => {
    const answer = await query(...all);
    if (!(all[0] as string[]).some((part) => part.includes(text))) return answer;
    spy.mockRestore();
    await act();
    return answer;
  }) as never);
}

/**
 * Begins something while a transaction holds what `hold` locks, goes on in the transaction with `then` once so many
 * others wait for a lock, and lets go. Only where several connections are: with a cluster.
 */
export async function whileHeld<Result>(
  { core: { db } }: Node,
  hold: (tx: Prisma.TransactionClient) => Promise<unknown>,
  begin: () => Promise<Result>[],
  then: (tx: Prisma.TransactionClient) => Promise<unknown> = nothing,
): Promise<Result[]> {
  let begun: Promise<Result[]> | undefined;
  await db.$transaction(async (tx) => {
    await hold(tx);
    const all = begin();
    begun = Promise.all(all);
    await vi.waitUntil(async () => (await waiting(db)) === all.length, { timeout: 10_000 });
    await then(tx);
  });
  return begun ?? [];
}

// Asked beside that transaction, in which the answer would stay what it was at first.
async function waiting(db: Prisma.TransactionClient): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
