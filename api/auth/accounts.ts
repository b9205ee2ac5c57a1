import type { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Registration, User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { line, parse } from '../input.ts';
import { claimSetUp, readInstance, registrationOf } from '../instance/instance.ts';
import { useInvitation } from '../invitations/invitations.ts';
import type { Taker } from '../limits.ts';
import { usernameKey } from '../users/username.ts';
import { createUser, findAccount, UserInput } from '../users/users.ts';
import { hashPassword, namesOf, Password, refuseObvious, verifyPassword } from './passwords.ts';
import { passSecondFactor } from './secondFactor.ts';
import { startSession, type Tokens } from './sessions.ts';
import { oneTry } from './tries.ts';

/** Where a request comes from: what limits and the list of sessions need to know. */
export interface Origin extends Taker {
  /** What limits count by. */
  address: string;
  label: string;
  /** The address of the page that asks, as its browser shows it: https://host. */
  site: string;
}

const NewAccount = UserInput.extend({ password: Password });
export type RegistrationInput = z.input<typeof NewAccount> & { invitation?: string | null };

/** Makes an account, where registration allows it. INVALID_INPUT names every field at fault. */
export async function register(core: Core, origin: Origin, input: RegistrationInput): Promise<User> {
  const { password, ...account } = parse(NewAccount, input);
  refuseObvious(password, [...namesOf(account), (await readInstance(core)).name]);
  await core.limits.take('registrationsPerHour', origin.address, origin);
  const passwordHash = await hashPassword(password);
  return core.db.$transaction(async (db) => {
    await admit(core, db, input.invitation);
    return createUser(db, { ...account, passwordHash });
  });
}

/**
 * Starts a session for the right name (or e-mail address) and password. An unknown name and a wrong password get
 * the same UNAUTHENTICATED, after the same work. Who asks for a second factor needs a code of their app as well.
 */
export async function logIn(
  core: Core,
  origin: Origin,
  { username: name, password, code }: { username: string; password: string; code?: string | null },
): Promise<Tokens> {
  const attempt = `${origin.address} ${usernameKey(name).slice(0, 100)}`;
  await core.limits.take('loginsPerMinute', origin.address, origin);
  const user = await oneTry(core, attempt, () => findByPassword(core, name, password), origin);
  if (!user) throw new AppError('UNAUTHENTICATED', 'Invalid username or password');
  await passSecondFactor(core, origin, user, code);
  return startSession(core, user, origin.label);
}

const SetUp = NewAccount.extend({ serverName: line(60).nullish() });
export type SetUpInput = z.input<typeof SetUp> & { token: string; registration?: Registration | null };

/** Makes the first administrator with the one-time link and starts their session. Only one of many tries can win. */
export async function setUp(core: Core, origin: Origin, input: SetUpInput): Promise<Tokens> {
  const { password, serverName, ...account } = parse(SetUp, input);
  refuseObvious(password, [...namesOf(account), serverName]);
  await core.limits.take('loginsPerMinute', origin.address, origin);
  const passwordHash = await hashPassword(password);
  const choices = { name: serverName ?? undefined, registration: input.registration ?? undefined };
  const user = await core.db.$transaction(async (db) => {
    await claimSetUp(core, db, input.token, choices);
    return createUser(db, { ...account, passwordHash, isAdmin: true });
  });
  return startSession(core, user, origin.label);
}

async function findByPassword(core: Core, name: string, password: string): Promise<User | null> {
  const user = await findAccount(core, name.slice(0, 254));
  const { matches, renewed } = await verifyPassword(user?.passwordHash, password);
  if (!user || !matches) {
    core.log.info('signIn.failed', { by: 'password', user: user?.id ?? null });
    return null;
  }
  if (!renewed) return user;
  const where = { id: user.id, passwordHash: user.passwordHash };
  const [current] = await core.db.user.updateManyAndReturn({ where, data: { passwordHash: renewed } });
  // It was changed or renewed meanwhile: what is there now decides.
  return current ?? findByPassword(core, name, password);
}

async function admit(core: Core, db: Prisma.TransactionClient, invitation: string | null | undefined): Promise<void> {
  const instance = await db.instance.findFirstOrThrow({ where: { only: true } });
  const registration = registrationOf(core, instance);
  if (registration === 'OPEN') return;
  if (registration === 'INVITE' && invitation) return useInvitation(db, invitation);
  const reasons = {
    INVITE: 'Registration is by invitation. Ask someone here for a link.',
    CLOSED: 'Registration is closed.',
  };
  throw new AppError('FORBIDDEN', reasons[registration]);
}
