import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Core } from '../core.ts';
import { today } from '../days.ts';
import type { Prisma } from '../db/db.ts';
import type { PersonalToken, TokenScope } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import { hashOf, inHours } from '../links.ts';
import type { Viewer } from '../users/users.ts';
import { holdOwnAccount, tellEnded } from './sessions.ts';
import { TokenError } from './tokens.ts';

const MARK = 'shh_';
const SHOWN = 10;
const MOST = 20;
const Terms = z.object({
  name: line(60),
  expiresInDays: z.int().min(1, 'A token lasts a day at least.').max(366, 'A token lasts a year at most.'),
});

/** Whether that is meant for a personal access token, and not for the access token of a session. */
export const isPersonalToken = (token: string) => token.startsWith(MARK);

/**
 * Makes a token with which a program acts for the viewer, and gives it, this once. CONFLICT when they have as many as
 * one may have. Its owner sees it noted among what happened to the account.
 */
export async function createPersonalToken(
  core: Core,
  viewer: Viewer,
  input: z.input<typeof Terms> & { scope: TokenScope },
): Promise<{ personalToken: PersonalToken; token: string }> {
  const { name, expiresInDays } = parse(Terms, input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const token = MARK + randomBytes(32).toString('base64url');
  const known = { prefix: token.slice(0, SHOWN), tokenHash: hashOf(token) };
  const data = { userId: viewer.id, name, scope: input.scope, ...known, expiresAt: inHours(expiresInDays * 24) };
  const personalToken = await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    if ((await db.personalToken.count({ where: { userId: viewer.id } })) >= MOST) throw tooMany();
    await audit(db, { action: 'PERSONAL_TOKEN_MADE', actorId: viewer.id, subjectId: viewer.id });
    return db.personalToken.create({ data });
  });
  return { personalToken, token };
}

/** The viewer's tokens, newest first; for a while also those that have expired. */
export function listPersonalTokens(core: Core, viewer: Viewer): Promise<PersonalToken[]> {
  return core.db.personalToken.findMany({ where: { userId: viewer.id }, orderBy: { id: 'desc' } });
}

/** Ends a token of the viewer and closes the sockets that it opened. NOT_FOUND for any other. */
export async function revokePersonalToken(core: Core, viewer: Viewer, id: string): Promise<void> {
  const ended = await revokePersonalTokens(core.db, { userId: viewer.id, id: idOf(id, 'Token') });
  if (ended.length === 0) throw notFound('Token');
  tellEnded(core, ended);
}

/** Ends these tokens and gives their ids: for `tellEnded`, after the commit. */
export async function revokePersonalTokens(
  db: Prisma.TransactionClient,
  which: { userId: string; id?: string },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    DELETE FROM personal_token
    WHERE user_id = ${which.userId}::uuid AND id = coalesce(${which.id ?? null}::uuid, id) RETURNING id`;
  return rows.map(({ id }) => id);
}

/** The viewer for whom the token acts. TokenError when there is none such, or it has expired. */
export async function verifyPersonalToken(core: Core, token: string): Promise<Viewer> {
  const found = await core.db.personalToken.findUnique({
    where: { tokenHash: hashOf(token), user: { disabledAt: null } },
  });
  if (!found) throw new TokenError('invalid');
  if (found.expiresAt <= new Date()) throw new TokenError('expired');
  await noteUse(core, found);
  return { id: found.userId, sessionId: found.id, scope: found.scope };
}

// Once a day: how often it is used is nobody's business.
async function noteUse({ db }: Core, { id, lastUsedOn }: PersonalToken): Promise<void> {
  const day = today();
  if (lastUsedOn && lastUsedOn >= day) return;
  await db.personalToken.updateMany({ where: { id }, data: { lastUsedOn: day } });
}

const tooMany = () => new AppError('CONFLICT', `You have ${MOST} tokens already. Revoke one that is not used.`);
