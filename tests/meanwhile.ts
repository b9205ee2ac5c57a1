import { vi } from 'vitest';
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
