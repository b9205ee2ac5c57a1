import { randomBytes } from 'node:crypto';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { User } from '../db/model.ts';
import { AppError, invalid } from '../errors.ts';
import { readInstance } from '../instance/instance.ts';
import type { Viewer } from '../users/users.ts';
import type { Origin } from './accounts.ts';
import { confirm, type Proof } from './confirmations.ts';
import { seal, unseal } from './sealing.ts';
import { holdOwnAccount } from './sessions.ts';
import { base32, stepOf } from './totp.ts';
import { oneTry } from './tries.ts';

/** What an app needs to show codes. */
export interface CodeAppSetUp {
  secret: string;
  uri: string;
}

/**
 * After the right password: passes whoever asks for no second factor, or gave a code of their app. FORBIDDEN with the reason
 * SECOND_FACTOR without one, INVALID_INPUT for a wrong or used one; tries are limited by account, wherever they come from.
 */
export async function passSecondFactor(core: Core, origin: Origin, user: User, code?: string | null): Promise<void> {
  if (!user.asksSecondFactor) return;
  if (!code) throw needed();
  const attempt = () => useCode(core, user.id, code, { lt: 2 ** 31 - 1 });
  if (await oneTry(core, `code ${user.id}`, attempt, origin)) return;
  core.log.info('signIn.failed', { by: 'code', user: user.id });
  throw wrongCode();
}

/** A new secret for the viewer's app, once they have confirmed it. It counts for nothing until a code of it is given. */
export async function beginCodeApp(core: Core, viewer: Viewer, proof: Proof): Promise<CodeAppSetUp> {
  const { username } = await confirm(core, viewer, 'SET_CODE_APP_UP', proof);
  const bytes = randomBytes(20);
  const sealed = await seal(core, bytes);
  await core.db.$transaction((db) => keepCodeApp(db, viewer, sealed));
  const { name } = await readInstance(core);
  const [issuer, secret] = [encodeURIComponent(name.replaceAll(':', ' ')), base32(bytes)];
  return { secret, uri: `otpauth://totp/${issuer}:${encodeURIComponent(username)}?secret=${secret}&issuer=${issuer}` };
}

/** From now on the viewer's password alone opens nothing: their app shows the right codes. */
export async function confirmCodeApp(core: Core, viewer: Viewer, code: string): Promise<void> {
  const attempt = () => useCode(core, viewer.id, code, null);
  if (!(await oneTry(core, `code ${viewer.id}`, attempt, viewer))) throw wrongCode();
  await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    if (!(await hasCodeApp({ db }, viewer))) throw takenAway();
    await ask(db, viewer.id, true);
  });
}

/**
 * Switches it on for who has a passkey, CONFLICT otherwise; or off, which takes the app away. They confirm it, since
 * whoever found a browser open could.
 */
export async function setSecondFactor(core: Core, viewer: Viewer, on: boolean, proof: Proof): Promise<void> {
  await confirm(core, viewer, 'SET_SECOND_FACTOR', proof);
  await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    if (on && !(await hasSecondFactor(db, viewer.id)))
      throw new AppError('CONFLICT', 'Add a passkey or set an app up first: otherwise nothing would let you in.');
    if (!on) await db.codeApp.deleteMany({ where: { userId: viewer.id } });
    await ask(db, viewer.id, on);
  });
}

/** Whether the viewer's app shows codes that count. */
export async function hasCodeApp({ db }: { db: Prisma.TransactionClient }, { id }: Viewer): Promise<boolean> {
  return (await db.codeApp.count({ where: { userId: id, usedStep: { not: null } } })) > 0;
}

/** Whether there is something that would let this person in beside the password. For who holds the account: it stays so until the commit. */
export async function hasSecondFactor(db: Prisma.TransactionClient, userId: string): Promise<boolean> {
  const apps = await db.codeApp.count({ where: { userId, usedStep: { not: null } } });
  return apps + (await db.passkey.count({ where: { userId } })) > 0;
}

async function keepCodeApp(db: Prisma.TransactionClient, viewer: Viewer, sealed: string) {
  await holdOwnAccount(db, viewer);
  const where = { userId: viewer.id };
  await db.codeApp.deleteMany({ where: { ...where, usedStep: null } });
  const { count } = await db.codeApp.createMany({ data: [{ ...where, sealed }], skipDuplicates: true });
  if (count === 0) throw new AppError('CONFLICT', 'You have an app already. Switch the second factor off first.');
}

async function ask(db: Prisma.TransactionClient, id: string, on: boolean): Promise<void> {
  const { count } = await db.user.updateMany({ where: { id, asksSecondFactor: !on }, data: { asksSecondFactor: on } });
  if (count === 0) return;
  await audit(db, { action: on ? 'SECOND_FACTOR_ON' : 'SECOND_FACTOR_OFF', actorId: id, subjectId: id });
}

// Each code once: of two who bring it at the same time, one moves the step on.
async function useCode(core: Core, userId: string, code: string, before: { lt: number } | null): Promise<true | null> {
  const app = await core.db.codeApp.findFirst({ where: { userId, usedStep: before } });
  const secret = app && (await unseal(core, app.sealed));
  const step = secret ? stepOf(secret, code) : null;
  if (!app || step === null || (app.usedStep !== null && app.usedStep >= step)) return null;
  const { count } = await core.db.codeApp.updateMany({
    where: { userId, sealed: app.sealed, usedStep: app.usedStep },
    data: { usedStep: step },
  });
  return count === 1 ? true : null;
}

const needed = () =>
  new AppError('FORBIDDEN', 'This account asks for more than the password: the code of your app, or your passkey.', {
    reason: 'SECOND_FACTOR',
  });

const takenAway = () => new AppError('CONFLICT', 'Your app was taken out of use a moment ago. Set it up again.');

const wrongCode = () => invalid({ code: ['This code is wrong, or was used. Wait for the next one.'] });
