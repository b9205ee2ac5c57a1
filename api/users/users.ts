import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { User } from '../db/model.ts';
import { invalid, notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import { Username, usernameKey } from './username.ts';

/** The person who asks, as a session proves. */
export interface Viewer {
  id: string;
  sessionId: string;
}

export const UserInput = z.object({
  username: Username,
  email: z
    .union([z.literal('').transform(() => null), z.email('Enter a valid email address.').max(254)])
    .nullish()
    .transform((email) => email ?? null),
  displayName: line(60).nullish(),
  firstName: z.union([z.literal(''), line(60)]).default(''),
  lastName: z.union([z.literal(''), line(60)]).default(''),
});
export type UserInput = z.input<typeof UserInput>;

export interface Account extends UserInput {
  passwordHash: string;
  isAdmin?: boolean;
}

/** Makes the account. INVALID_INPUT names the fields that cannot be, a name or address that is taken among them. */
export async function createUser(db: Prisma.TransactionClient, { passwordHash, isAdmin, ...input }: Account) {
  const { email, displayName, ...names } = parse(UserInput, input);
  const fullName = `${names.firstName} ${names.lastName}`.trim();
  const keys = { usernameKey: usernameKey(names.username), emailKey: email && emailKey(email) };
  const data = {
    ...names,
    ...keys,
    email,
    passwordHash,
    isAdmin,
    displayName: displayName ?? (fullName || names.username),
  };
  return db.user.create({ data }).catch((error) => {
    if (isUniqueViolation(error, 'user_username_key_key'))
      throw invalid({ username: ['user with this username already exists.'] });
    if (isUniqueViolation(error, 'user_email_key_key'))
      throw invalid({ email: ['user with this email already exists.'] });
    throw error;
  });
}

/** The account with that name or e-mail address. */
export function findAccount(core: Core, nameOrEmail: string): Promise<User | null> {
  const where = nameOrEmail.includes('@')
    ? { emailKey: emailKey(nameOrEmail) }
    : { usernameKey: usernameKey(nameOrEmail) };
  return core.db.user.findUnique({ where });
}

/** A person by id; NOT_FOUND for none. */
export async function getUser(core: Core, _viewer: Viewer, id: string): Promise<User> {
  const user = await core.db.user.findUnique({ where: { id: idOf(id, 'Person') } });
  if (!user) throw notFound('Person');
  return user;
}

/** Everyone but the viewer, by name. */
export function listOthers(core: Core, viewer: Viewer): Promise<User[]> {
  return core.db.user.findMany({ where: { id: { not: viewer.id } }, orderBy: [{ displayName: 'asc' }, { id: 'asc' }] });
}

/** What finds people whose name begins with, or contains, the text. */
export function searchUsers(text: string | null | undefined): Prisma.UserWhereInput {
  const contains = text?.trim().slice(0, 60);
  if (!contains) return {};
  return {
    OR: [{ displayName: { contains, mode: 'insensitive' } }, { usernameKey: { contains: usernameKey(contains) } }],
  };
}

/** A name that is free, made from what the person is called. */
export async function deriveUsername(core: Core, firstName: string, lastName: string): Promise<string> {
  const wish = `${firstName}.${lastName}`
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}._+-]/gu, '')
    .replace(/^[._+-]+|[._+-]+$/g, '')
    .slice(0, 34);
  const base = Username.safeParse(wish).success ? wish : 'person';
  for (let n = 1; ; n++) {
    const username = n === 1 ? base : `${base}${n}`;
    if (!(await core.db.user.findUnique({ where: { usernameKey: usernameKey(username) } }))) return username;
  }
}

const emailKey = (email: string) => email.trim().toLowerCase();
