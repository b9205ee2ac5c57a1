import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import { AppError } from '../errors.ts';
import { parse } from '../input.ts';
import { readInstance } from '../instance/instance.ts';
import { hashOf, inHours, newToken } from '../links.ts';
import { requireAdmin } from '../users/admins.ts';
import { usernameKey } from '../users/username.ts';
import { accountCalled, getUser, holdAccount, type Viewer } from '../users/users.ts';
import type { Origin } from './accounts.ts';
import { confirm, type Proof } from './confirmations.ts';
import { replacePassword } from './ownPassword.ts';
import { hashPassword, namesOf, Password, refuseObvious } from './passwords.ts';
import { newRecoveryCode, RecoveryCode } from './recoveryCode.ts';
import { holdOwnAccount, startSession, type Tokens } from './sessions.ts';
import { oneTry } from './tries.ts';

const RESET_HOURS = 24;

/** A new recovery code of the viewer, shown this once; the one before it is useless from now on. */
export async function createRecoveryCode(core: Core, viewer: Viewer, proof: Proof): Promise<string> {
  await confirm(core, viewer, 'MAKE_RECOVERY_CODE', proof);
  const code = newRecoveryCode();
  await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    await db.user.updateMany({ where: { id: viewer.id }, data: { recoveryHash: hashOf(code) } });
    await audit(db, { action: 'RECOVERY_CODE_MADE', actorId: viewer.id, subjectId: viewer.id });
  });
  return code;
}

const Recovery = z.object({ username: z.string().max(254), code: RecoveryCode, password: Password });

/**
 * Gives an account another password against its recovery code: every session ends, the code is used up, a new one is
 * given and a session starts. An unknown name and a wrong code get the same FORBIDDEN, after the same work.
 */
export async function recover(
  core: Core,
  origin: Origin,
  input: z.input<typeof Recovery>,
): Promise<Tokens & { recoveryCode: string }> {
  const { username, code, password } = parse(Recovery, input);
  refuseObvious(password, [username.split('@')[0], (await readInstance(core)).name]);
  await core.limits.take('loginsPerMinute', origin.address, origin);
  const recoveryCode = newRecoveryCode();
  const attempt = async () => {
    const passwordHash = await hashPassword(password);
    const where = { ...accountCalled(username), recoveryHash: hashOf(code) };
    const data = { passwordHash, recoveryHash: hashOf(recoveryCode) };
    return replacePassword(core, 'RECOVERY_CODE_USED', (db) => db.user.updateManyAndReturn({ where, data }));
  };
  const tries = `recovery ${origin.address} ${usernameKey(username).slice(0, 100)}`;
  const user = await oneTry(core, tries, attempt, origin);
  if (!user) {
    core.log.info('signIn.failed', { by: 'recovery code' });
    throw wrongCode();
  }
  return { ...(await startSession(core, user, origin.label)), recoveryCode };
}

/** A link that gives a person another password, once, within a day; the one before it is useless. Administrators only. */
export async function createResetLink(core: Core, viewer: Viewer, userId: string) {
  await requireAdmin(core, viewer);
  const user = await getUser(core, viewer, userId);
  const token = newToken();
  const made = { tokenHash: hashOf(token), madeById: viewer.id, expiresAt: inHours(RESET_HOURS) };
  await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    await db.resetLink.upsert({ where: { userId: user.id }, create: { userId: user.id, ...made }, update: made });
    await audit(db, { action: 'RESET_LINK_MADE', actorId: viewer.id, subjectId: user.id });
  });
  return { token, expiresAt: made.expiresAt, user };
}

/** Uses a reset link up: another password, every session ends, a new one starts. FORBIDDEN for a link that is useless. */
export async function resetPassword(
  core: Core,
  origin: Origin,
  input: { token: string; password: string },
): Promise<Tokens> {
  const { password } = parse(z.object({ password: Password }), input);
  await core.limits.take('loginsPerMinute', origin.address, origin);
  const { name } = await readInstance(core);
  const passwordHash = await hashPassword(password);
  const user = await replacePassword(core, 'RESET_LINK_USED', async (db) => {
    const id = await claimResetLink(db, input.token);
    if (!id) return [];
    const user = await db.user.update({ where: { id }, data: { passwordHash } });
    refuseObvious(password, [...namesOf(user), name]);
    return [user];
  });
  if (!user) {
    core.log.info('signIn.failed', { by: 'reset link' });
    throw uselessLink();
  }
  return startSession(core, user, origin.label);
}

// Of two who use a link at once, one finds it. The account is held before its link, as by whoever changes the password.
async function claimResetLink(db: Prisma.TransactionClient, token: string): Promise<string | null> {
  const where = { tokenHash: hashOf(token), expiresAt: { gt: new Date() } };
  const link = await db.resetLink.findFirst({ where });
  if (!link) return null;
  await holdAccount(db, link.userId);
  const { count } = await db.resetLink.deleteMany({ where });
  return count === 1 ? link.userId : null;
}

const wrongCode = () =>
  new AppError(
    'FORBIDDEN',
    'This name and recovery code do not belong together, or the code was used before. ' +
      'Without a code, ask an administrator for a reset link.',
  );

const uselessLink = () =>
  new AppError('FORBIDDEN', 'This link was used or has expired. Ask an administrator for a new one.');
