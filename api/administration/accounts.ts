import { removeAccount } from '../accounts/deletion.ts';
import { audit } from '../audit/audit.ts';
import { confirm, type Proof } from '../auth/confirmations.ts';
import { revokePersonalTokens } from '../auth/personalTokens.ts';
import { revokeSessions, tellEnded } from '../auth/sessions.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { User } from '../db/model.ts';
import { AppError } from '../errors.ts';
import type { Page, PageRequest } from '../paging.ts';
import { holdAdmins, requireAdmin } from '../users/admins.ts';
import { getUser, pageUsers, type Viewer } from '../users/users.ts';

/** A person as administrators know them. */
export interface Account {
  user: User;
  /** When a session of theirs last refreshed its tokens; null when none is kept. */
  lastSeenAt: Date | null;
}

/** The accounts whose name has the text in it, by display name. Administrators only. */
export async function pageAccounts(
  core: Core,
  viewer: Viewer,
  search: string | null | undefined,
  page: PageRequest,
): Promise<Page<Account>> {
  await requireAdmin(core, viewer);
  const { nodes, ...more } = await pageUsers(core, viewer, search, page);
  return { ...more, nodes: await accountsOf(core, nodes) };
}

/** Makes a person an administrator, or takes that back; FORBIDDEN for the only one there is. Administrators only. */
export async function setAdministrator(core: Core, viewer: Viewer, userId: string, on: boolean): Promise<Account> {
  await requireAdmin(core, viewer);
  const user = await getUser(core, viewer, userId);
  const action = on ? 'ADMINISTRATOR_MADE' : 'ADMINISTRATOR_REMOVED';
  await core.db.$transaction(async (db) => {
    await holdAsAdmin(db, viewer, user.id, !on);
    const { count } = await db.user.updateMany({ where: { id: user.id, isAdmin: !on }, data: { isAdmin: on } });
    if (count > 0) await audit(db, { action, actorId: viewer.id, subjectId: user.id });
  });
  return getAccount(core, viewer, user.id);
}

/**
 * Stops a person from signing in, and ends every session, token and socket of theirs, or lets them sign in again. FORBIDDEN for
 * oneself. Administrators only.
 */
export async function setDisabled(core: Core, viewer: Viewer, userId: string, on: boolean): Promise<Account> {
  await requireAdmin(core, viewer);
  const user = await getUser(core, viewer, userId);
  if (user.id === viewer.id) throw notOneself('disable');
  const where = { id: user.id, disabledAt: on ? null : { not: null } };
  const ended = await core.db.$transaction(async (db) => {
    await holdAsAdmin(db, viewer, user.id, false);
    const { count } = await db.user.updateMany({ where, data: { disabledAt: on ? new Date() : null } });
    if (count === 0) return [];
    const action = on ? 'ACCOUNT_DISABLED' : 'ACCOUNT_ENABLED';
    await audit(db, { action, actorId: viewer.id, subjectId: user.id });
    if (!on) return [];
    const tokens = await revokePersonalTokens(db, { userId: user.id });
    return [...tokens, ...(await revokeSessions(db, { userId: user.id }))];
  });
  tellEnded(core, ended);
  return getAccount(core, viewer, user.id);
}

/** Ends every session of a person; gives how many there were. Administrators only. */
export async function endSessionsOf(core: Core, viewer: Viewer, userId: string): Promise<number> {
  await requireAdmin(core, viewer);
  const user = await getUser(core, viewer, userId);
  const ended = await core.db.$transaction(async (db) => {
    await audit(db, { action: 'SESSIONS_ENDED', actorId: viewer.id, subjectId: user.id });
    return revokeSessions(db, { userId: user.id });
  });
  tellEnded(core, ended);
  return ended.length;
}

/** Deletes the account of another person, once the viewer has confirmed it; gives how many messages went with it. */
export async function removePerson(
  core: Core,
  viewer: Viewer,
  userId: string,
  { proof, erase }: { proof: Proof; erase: boolean },
): Promise<number> {
  await requireAdmin(core, viewer);
  const user = await getUser(core, viewer, userId);
  if (user.id === viewer.id) throw notOneself('delete');
  await confirm(core, viewer, 'REMOVE_PERSON', proof);
  await core.db.$transaction(async (db) => {
    await holdAsAdmin(db, viewer, user.id, true);
    await db.user.updateMany({ where: { id: user.id }, data: { disabledAt: new Date() } });
    await audit(db, { action: 'ACCOUNT_DELETED', actorId: viewer.id, subjectId: user.id });
  });
  return removeAccount(core, user, erase);
}

// Whoever was an administrator when they asked may not be one any more when it is their turn.
async function holdAsAdmin(db: Prisma.TransactionClient, viewer: Viewer, changed: string, leaves: boolean) {
  const admins = await holdAdmins(db, changed, leaves);
  if (!admins.includes(viewer.id)) throw new AppError('FORBIDDEN', 'Only an administrator can do this.');
}

async function getAccount(core: Core, viewer: Viewer, userId: string): Promise<Account> {
  const [account] = await accountsOf(core, [await getUser(core, viewer, userId)]);
  return account as Account;
}

async function accountsOf({ db }: Core, users: User[]): Promise<Account[]> {
  const userId = { in: users.map(({ id }) => id) };
  const seen = await db.session.groupBy({ by: ['userId'], where: { userId }, _max: { rotatedAt: true } });
  const times = new Map(seen.map(({ userId, _max }) => [userId, _max.rotatedAt]));
  return users.map((user) => ({ user, lastSeenAt: times.get(user.id) ?? null }));
}

const notOneself = (what: string) =>
  new AppError('FORBIDDEN', `You cannot ${what} your own account here. Your settings have what you may do with it.`);
