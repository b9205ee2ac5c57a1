import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Instance, Registration } from '../db/model.ts';
import { AppError } from '../errors.ts';

/** What this installation is called, who may register and whether it has an administrator yet. */
export function readInstance(core: Core): Promise<Instance> {
  // By a unique key Prisma would join what is asked at one time, which it cannot where the key is a Boolean.
  return core.db.instance.findFirstOrThrow({ where: { only: true } });
}

/** Who may register: the configuration if it says so, then what the administrator chose, then anyone. */
export function registrationOf(core: Core, instance: Instance): Registration {
  return core.config.registration ?? instance.registration ?? 'OPEN';
}

/** The path of the link that makes the first administrator; null once there is one. The same until it is used. */
export async function setUpLink(core: Core): Promise<string | null> {
  return (await readInstance(core)).setUpAt ? null : `/setup#${setUpToken(core)}`;
}

/** Uses the set-up link up, once and for all. FORBIDDEN for a wrong link or when it was used before. */
export async function claimSetUp(
  core: Core,
  db: Prisma.TransactionClient,
  token: string,
  choices: { name?: string; registration?: Registration },
): Promise<void> {
  if (!sameText(token, setUpToken(core))) throw usedUp();
  const { count } = await db.instance.updateMany({
    where: { setUpAt: null },
    data: { setUpAt: new Date(), ...choices },
  });
  if (count === 0) throw usedUp();
}

// Derived instead of stored: every node prints the same link, and a copy of the database does not contain it.
const setUpToken = (core: Core) =>
  createHmac('sha256', core.config.secretKey).update(`set up ${core.instanceId}`).digest('base64url');

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

const usedUp = () =>
  new AppError(
    'FORBIDDEN',
    'This set-up link is not valid, or it was used before. Sign in, or ask who runs this server.',
  );
