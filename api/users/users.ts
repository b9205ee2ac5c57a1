import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import { isUniqueViolation } from '../db/driverErrors.ts';
import type { TokenScope, User } from '../db/model.ts';
import { AppError, invalid, notFound } from '../errors.ts';
import { idOf, line, literally, parse } from '../input.ts';
import type { Allowance } from '../limits.ts';
import { type Page, type PageRequest, readPage } from '../paging.ts';
import { Username, usernameKey } from './username.ts';

/** The person who asks, as a session or a personal access token proves. */
export interface Viewer {
  id: string;
  /** Of the session, or of the token. */
  sessionId: string;
  /** What the token is good for; undefined with a session. */
  scope?: TokenScope;
  /** Where limits note what this request has used up of them. */
  allowances?: Allowance[];
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

/** Whatever else holds an account waits from here to the end of the transaction: for what may be there once, or so many times. */
export async function holdAccount(db: Prisma.TransactionClient, id: string): Promise<void> {
  await db.$queryRaw`SELECT id FROM "user" WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}

/**
 * Whatever else counts the same of one person waits from here to the end of the transaction: for what there may be so
 * many of. It locks no row, so that rooms may be locked after it.
 */
export function holdCount(db: Prisma.TransactionClient, what: 'uploads' | 'secrets' | 'backup', id: string) {
  return db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${what} ${id}`}, 0))`;
}

/** The account with that name or e-mail address. */
export async function findAccount(core: Core, nameOrEmail: string): Promise<User | null> {
  return core.db.user.findFirst({ where: accountCalled(nameOrEmail) });
}

/** What finds the account with that name or e-mail address. */
export function accountCalled(nameOrEmail: string): Prisma.UserWhereInput {
  const text = nameOrEmail.replaceAll('\0', '\ufffd'); // No text in the database can have one; it refuses to look.
  return text.includes('@') ? { emailKey: emailKey(text) } : { usernameKey: usernameKey(text) };
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

/** The people whose name has the text in it, by display name. */
export function pageUsers(
  core: Core,
  _viewer: Viewer,
  search: string | null | undefined,
  page: PageRequest,
): Promise<Page<User>> {
  return readPage(page, 'first', ({ after, before, limit, backwards }) => {
    const order = backwards ? 'desc' : 'asc';
    return core.db.user.findMany({
      where: { AND: [called(search), beyond('gt', after), beyond('lt', before)] },
      orderBy: [{ displayName: order }, { id: order }],
      take: limit,
    });
  });
}

/** Where a person stands in the list, also under another name since. */
export const userCursor = ({ id, displayName }: User): string => `${id}.${displayName}`;

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

const CURSOR = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.(.+)$/;
function beyond(side: 'gt' | 'lt', cursor: string | null): Prisma.UserWhereInput {
  if (cursor === null) return {};
  const [, id, displayName] = CURSOR.exec(cursor) ?? [];
  if (!id || !displayName) throw new AppError('INVALID_INPUT', 'This is not a cursor of a person.');
  return { OR: [{ displayName: { [side]: displayName } }, { displayName, id: { [side]: id } }] };
}

function called(text: string | null | undefined): Prisma.UserWhereInput {
  if (!text?.trim()) return {};
  const contains = literally(text, 60);
  return {
    OR: [{ displayName: { contains, mode: 'insensitive' } }, { usernameKey: { contains: usernameKey(contains) } }],
  };
}

/** What is unique about an address. */
export const emailKey = (email: string) => email.trim().toLowerCase();
