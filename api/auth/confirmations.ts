import type { Core } from '../core.ts';
import type { ConfirmedAct, User } from '../db/model.ts';
import { invalid } from '../errors.ts';
import { inHours } from '../links.ts';
import type { Viewer } from '../users/users.ts';
import { verifyPassword } from './passwords.ts';
import { oneTry } from './tries.ts';

const MINUTES = 5;

/** How a person proves anew that it is them: their password, or nothing where they have confirmed the act with a passkey. */
export type Proof = string | null | undefined;

/**
 * The viewer's account, if that is its password or, without one, if they have confirmed this act with a passkey in this
 * session, which counts once: INVALID_INPUT otherwise, naming the field. Tries at the password are limited.
 */
export async function confirm(
  core: Core,
  viewer: Viewer,
  act: ConfirmedAct,
  proof: Proof,
  field = 'password',
): Promise<User> {
  const given = typeof proof === 'string';
  const confirmed = given ? await withPassword(core, viewer, proof) : await withConfirmation(core, viewer, act);
  if (confirmed) return confirmed;
  core.log.info('password.refused', { user: viewer.id });
  throw invalid({ [field]: [given ? 'This is not your password.' : UNCONFIRMED] });
}

/** Notes that the viewer has confirmed that act with a passkey: for this session, once, within five minutes. */
export async function keepConfirmation(core: Core, { sessionId }: Viewer, act: ConfirmedAct): Promise<void> {
  const expiresAt = inHours(MINUTES / 60);
  const where = { sessionId_act: { sessionId, act } };
  await core.db.confirmation.upsert({ where, create: { sessionId, act, expiresAt }, update: { expiresAt } });
}

async function withPassword(core: Core, viewer: Viewer, password: string): Promise<User | null> {
  const user = await core.db.user.findUnique({ where: { id: viewer.id } });
  const attempt = async () => {
    const { matches } = await verifyPassword(user?.passwordHash, password);
    return matches ? user : null;
  };
  return oneTry(core, `own ${viewer.id}`, attempt, viewer);
}

// Of two who use it at once, one finds it.
async function withConfirmation({ db }: Core, { id, sessionId }: Viewer, act: ConfirmedAct): Promise<User | null> {
  const { count } = await db.confirmation.deleteMany({ where: { sessionId, act, expiresAt: { gt: new Date() } } });
  return count === 1 ? db.user.findUnique({ where: { id } }) : null;
}

const UNCONFIRMED = 'Your password is asked for here, or your passkey just before.';
