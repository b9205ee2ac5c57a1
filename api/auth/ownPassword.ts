import { z } from 'zod';
import { type AccountAction, audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { User } from '../db/model.ts';
import { invalid } from '../errors.ts';
import { parse } from '../input.ts';
import { readInstance } from '../instance/instance.ts';
import type { Viewer } from '../users/users.ts';
import { confirm, type Proof } from './confirmations.ts';
import { hashPassword, namesOf, Password, refuseObvious } from './passwords.ts';
import { revokePersonalTokens } from './personalTokens.ts';
import { holdOwnAccount, revokeSessions, tellEnded } from './sessions.ts';

/** Gives the viewer another password, once they have confirmed it. Every other session of theirs ends. */
export async function changePassword(core: Core, viewer: Viewer, current: Proof, next: string): Promise<void> {
  const password = parse(z.object({ next: Password }), { next }).next;
  const { passwordHash: before, ...user } = await confirm(core, viewer, 'CHANGE_PASSWORD', current, 'current');
  refuseObvious(password, [...namesOf(user), (await readInstance(core)).name], 'next');
  const passwordHash = await hashPassword(password);
  const where = { id: viewer.id, passwordHash: before };
  const change = async (db: Prisma.TransactionClient) => {
    await holdOwnAccount(db, viewer);
    return db.user.updateManyAndReturn({ where, data: { passwordHash } });
  };
  const changed = await replacePassword(core, 'PASSWORD_CHANGED', change, viewer.sessionId);
  if (!changed) throw invalid({ current: ['This is no longer your password: it was changed a moment ago.'] });
}

/**
 * Makes the change and, if it found an account, ends its sessions (but the one to keep; without one, its tokens, passkeys and second factor go too), makes its reset link useless
 * and notes it for its owner: all or nothing. Null when no account was found.
 */
export async function replacePassword(
  core: Core,
  action: AccountAction,
  change: (db: Prisma.TransactionClient) => Promise<User[]>,
  keep?: string,
): Promise<User | null> {
  const { user, ended } = await core.db.$transaction(async (db) => {
    const [user = null] = await change(db);
    if (!user) return { user, ended: [] };
    await db.resetLink.deleteMany({ where: { userId: user.id } });
    if (!keep) await forgetOtherWaysIn(db, user.id);
    await audit(db, { action, actorId: user.id, subjectId: user.id });
    const ended = await revokeSessions(db, { userId: user.id, ...(keep && { id: { not: keep } }) });
    return { user, ended: keep ? ended : [...ended, ...(await revokePersonalTokens(db, { userId: user.id }))] };
  });
  tellEnded(core, ended);
  return user;
}

async function forgetOtherWaysIn(db: Prisma.TransactionClient, userId: string): Promise<void> {
  await db.passkey.deleteMany({ where: { userId } });
  await db.codeApp.deleteMany({ where: { userId } });
  await db.user.update({ where: { id: userId }, data: { asksSecondFactor: false } });
}
