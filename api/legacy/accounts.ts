import { randomInt } from 'node:crypto';
import { logIn, type Origin, type RegistrationInput, register } from '../auth/accounts.ts';
import { endSessionOf, rotateSession } from '../auth/sessions.ts';
import { TokenError } from '../auth/tokens.ts';
import type { Core } from '../core.ts';
import type { User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { deriveUsername, getUser } from '../users/users.ts';
import { bodyOf, textOf } from './body.ts';
import { insteadOf, Refusal } from './refusals.ts';
import type { LegacyAnswer, LegacyRequest } from './routes.ts';

const TRIES = 5;

/** POST /register/ */
export async function registerPerson(core: Core, request: LegacyRequest): Promise<LegacyAnswer> {
  const user = asOwner(await makeAccount(core, originOf(request), accountIn(bodyOf(request))));
  return { status: 201, body: { ...user, user, message: 'Registration successful' } };
}

/** POST /login/ */
export async function signIn(core: Core, request: LegacyRequest): Promise<LegacyAnswer> {
  const body = bodyOf(request);
  const name = textOf(body, 'username') || textOf(body, 'email') || '';
  const password = textOf(body, 'password') ?? '';
  const tokens = await logIn(core, originOf(request), { username: name, password }).catch(refuseSignIn);
  request.cookies.set(tokens);
  await endSessionOf(core, request.cookies.accessToken, request.cookies.refreshToken);
  const user = await getUser(core, { id: tokens.userId, sessionId: tokens.sessionId }, tokens.userId);
  return { status: 200, body: { message: 'Login successful', token: tokens.accessToken, user: asOwner(user) } };
}

/** POST /refresh/ */
export async function refreshSession(core: Core, { cookies }: LegacyRequest): Promise<LegacyAnswer> {
  if (!cookies.refreshToken) throw new Refusal(400, { detail: 'No refresh token' });
  const tokens = await rotateSession(core, cookies.refreshToken).catch(refuseRefreshToken);
  cookies.set(tokens);
  return { status: 200, body: { message: 'Token refreshed successfully', user_id: tokens.userId } };
}

/** POST /logout/ */
export async function endSession(core: Core, { facts, cookies }: LegacyRequest): Promise<LegacyAnswer> {
  const { cookie, bearer } = facts.credentials;
  await endSessionOf(core, cookie ?? bearer, cookies.refreshToken);
  cookies.clear();
  return { status: 200, body: { message: 'Logged out' } };
}

type Wish = Partial<RegistrationInput>;

function accountIn(body: Record<string, unknown>): Wish {
  return {
    username: textOf(body, 'username'),
    password: textOf(body, 'password'),
    email: textOf(body, 'email'),
    firstName: textOf(body, 'first_name')?.trim(),
    lastName: textOf(body, 'last_name')?.trim(),
    invitation: textOf(body, 'invitation'),
  };
}

// What is missing is told by the rules of registration, which name every field at fault.
async function makeAccount(core: Core, origin: Origin, wish: Wish): Promise<User> {
  const isNamed = wish.username !== undefined || !(wish.firstName || wish.lastName);
  return isNamed ? register(core, origin, wish as RegistrationInput) : makeNamedAfter(core, origin, wish);
}

// Between finding a free name and taking it, another may take it.
async function makeNamedAfter(core: Core, origin: Origin, wish: Wish): Promise<User> {
  await core.limits.check('registrationsPerHour', origin.address);
  for (let left = TRIES, suffix = ''; ; left--, suffix = String(randomInt(100, 1_000))) {
    const username = (await deriveUsername(core, wish.firstName ?? '', wish.lastName ?? '')) + suffix;
    try {
      return await register(core, origin, { ...wish, username } as RegistrationInput);
    } catch (error) {
      if (left === 1 || !isNameTaken(error)) throw error;
    }
  }
}

const isNameTaken = (error: unknown) => error instanceof AppError && error.details.fields?.username !== undefined;

// These routes have no place for a second factor.
function refuseSignIn(error: unknown): never {
  if (error instanceof AppError && error.details.reason === 'SECOND_FACTOR')
    throw new Refusal(403, { detail: 'This account asks for a second factor: use the web app or a personal token.' });
  return insteadOf('UNAUTHENTICATED', ({ message }) => new Refusal(400, { non_field_errors: [message] }))(error);
}

function refuseRefreshToken(error: unknown): never {
  if (!(error instanceof TokenError)) throw error;
  const expired = error.reason === 'expired';
  throw new Refusal(401, { detail: expired ? 'Refresh token expired' : 'Invalid refresh token' });
}

const originOf = ({ facts, allowances }: LegacyRequest): Origin => ({
  address: facts.network,
  label: facts.label,
  site: facts.origin,
  allowances,
});

/** A person as only they themselves are shown. */
const asOwner = ({ id, username, email }: User) => ({ id, username, email: email ?? '' });
