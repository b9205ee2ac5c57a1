import type { Core } from './core.ts';
import { purgeDevices } from './devices/revoking.ts';
import { purgeFiles } from './files/purge.ts';
import { expireMessages } from './retention/expiring.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Removes what is useless for long enough that nobody asks why: sessions, links, what was done a year ago. */
export async function purgeExpired({ db }: Core): Promise<void> {
  const before = (days: number) => ({ lt: new Date(Date.now() - days * DAY) });
  await db.session.deleteMany({ where: { OR: [{ expiresAt: before(1) }, { revokedAt: before(1) }] } });
  for (const links of [db.invitation, db.roomLink] as (typeof db.roomLink)[]) {
    await links.deleteMany({ where: { OR: [{ expiresAt: before(30) }, { revokedAt: before(30) }] } });
  }
  await db.personalToken.deleteMany({ where: { expiresAt: before(30) } });
  await db.passkeyChallenge.deleteMany({ where: { expiresAt: before(0) } });
  await db.confirmation.deleteMany({ where: { expiresAt: before(0) } });
  await db.resetLink.deleteMany({ where: { expiresAt: before(0) } });
  await db.auditEvent.deleteMany({ where: { createdAt: before(365) } });
}

async function purgeAllFiles(core: Core): Promise<void> {
  while ((await purgeFiles(core)) > 0);
}

/** Does it now and every hour. What fails is tried again with the next. */
export async function keepHouse(core: Core): Promise<void> {
  for (const purge of [purgeExpired, expireMessages, purgeAllFiles, purgeDevices]) {
    await purge(core).catch((error) => core.log.warn('housekeeping.failed', { error }));
  }
  setTimeout(() => void keepHouse(core), HOUR).unref();
}
