import { randomUUID } from 'node:crypto';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Session } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf } from '../input.ts';
import { holdAccount, type Viewer } from '../users/users.ts';
import {
  ACCESS_SECONDS,
  type Claims,
  REFRESH_SECONDS,
  SESSION_SECONDS,
  signToken,
  TokenError,
  verifyToken,
} from './tokens.ts';

// Two tabs that refresh at once both succeed; the same token after that is a theft.
const GRACE = 10_000;
const TOPIC = 'sessions:ended';

export interface Tokens {
  userId: string;
  sessionId: string;
  accessToken: string;
  refreshToken: string;
  accessTokenExpiresAt: Date;
}

/**
 * Starts a session for a person whose password was this one a moment ago, and gives its tokens. UNAUTHENTICATED when it
 * was changed meanwhile, FORBIDDEN when an administrator has disabled the account. `label` is what the browser calls itself.
 */
export async function startSession(core: Core, user: Proven, label: string): Promise<Tokens> {
  const refreshId = randomUUID();
  const data = { userId: user.id, refreshId, label: label.slice(0, 200), expiresAt: expiry() };
  const session = await core.db.$transaction(async (db) => {
    const [still] = await db.$queryRaw<{ isDisabled: boolean }[]>`
      SELECT disabled_at IS NOT NULL AS "isDisabled" FROM "user"
      WHERE id = ${user.id}::uuid AND password_hash = ${user.passwordHash} FOR SHARE`;
    if (!still) throw signInAgain();
    if (still.isDisabled) throw disabled();
    return db.session.create({ data });
  });
  core.log.info('session.started', { session: session.id, user: user.id });
  return tokens(core, user.id, session.id, refreshId);
}

/**
 * The next tokens of the session, against its newest refresh token (or the one before it, for ten seconds).
 * An older one revokes the session: somebody has a copy. No session lasts longer than half a year. TokenError says why
 * a token is refused.
 */
export async function rotateSession(core: Core, refreshToken: string): Promise<Tokens> {
  const claims = await verifyToken(core, 'refresh', refreshToken);
  const refreshId = randomUUID();
  const now = new Date();
  const rotated = await core.db.$executeRaw`
    UPDATE session SET refresh_id = ${refreshId}::uuid, previous_id = refresh_id, rotated_at = ${now}::timestamptz,
      expires_at = least(${expiry()}::timestamptz, created_at + make_interval(secs => ${SESSION_SECONDS}))
    WHERE id = ${claims.sessionId}::uuid AND user_id = ${claims.userId}::uuid AND refresh_id = ${claims.tokenId}::uuid
      AND revoked_at IS NULL AND expires_at > ${now}::timestamptz`;
  if (rotated === 1) await noteSeen(core, claims.sessionId);
  if (rotated === 1) return tokens(core, claims.userId, claims.sessionId, refreshId);
  return joinRotation(core, claims);
}

/** Whether the access token's session still stands; TokenError when the token itself is refused. */
export async function verifySession(core: Core, accessToken: string): Promise<Claims> {
  const claims = await verifyToken(core, 'access', accessToken);
  if ((await core.lookups.sessionOwner(claims.sessionId)) !== claims.userId) throw new TokenError('invalid');
  return claims;
}

/** The viewer's sessions that still stand, newest first. */
export function listSessions(core: Core, viewer: Viewer): Promise<Session[]> {
  return core.db.session.findMany({ where: standing(viewer.id), orderBy: { createdAt: 'desc' } });
}

/** Ends one of the viewer's sessions and closes its sockets. NOT_FOUND for any other. */
export async function revokeSession(core: Core, viewer: Viewer, id: string): Promise<void> {
  const ended = await endSessions(core, { id: idOf(id, 'Session'), userId: viewer.id });
  if (ended.length === 0) throw notFound('Session');
}

/** Ends the session that asks and closes its sockets. It may have ended in the same moment: that is the same. */
export async function endSession(core: Core, viewer: Viewer): Promise<void> {
  await endSessions(core, { id: viewer.sessionId, userId: viewer.id });
}

/** Ends all of the viewer's sessions but this one; gives their number. */
export async function revokeOtherSessions(core: Core, viewer: Viewer): Promise<number> {
  return (await endSessions(core, { userId: viewer.id, id: { not: viewer.sessionId } })).length;
}

/** Ends the session of these tokens, whichever of them is given and still readable. Never fails for a bad token. */
export async function endSessionOf(core: Core, accessToken?: string, refreshToken?: string): Promise<void> {
  const claims = (await readable(core, 'refresh', refreshToken)) ?? (await readable(core, 'access', accessToken));
  if (claims) await endSessions(core, { id: claims.sessionId, userId: claims.userId });
}

/** Until when a socket that was opened with this access token may stay open without a new one; null when it may not. */
export async function socketExpiry(core: Core, claims: Claims): Promise<Date | null> {
  const session = await core.db.session.findFirst({ where: alive(claims) });
  if (!session) return null;
  const newest = Math.max(session.rotatedAt.getTime(), claims.issuedAt * 1_000);
  return new Date(newest + ACCESS_SECONDS * 1_000);
}

/**
 * Calls back once for each watched session or personal access token that has ended, within a second on every node.
 * `watched` gives the sessions that have something open here.
 */
export async function watchSessions(core: Core, watched: () => string[], onEnded: (sessionId: string) => void) {
  const stopListening = await core.bus.listen(TOPIC, (ids) => (ids as string[]).forEach(onEnded));
  const stopBeating = core.heartbeat.every(async () => {
    const ids = watched();
    if (ids.length === 0) return;
    const ended = await core.db.$queryRaw<{ id: string }[]>`
      SELECT watched.id FROM unnest(${ids}::uuid[]) AS watched(id)
      WHERE NOT EXISTS (
        SELECT 1 FROM session WHERE session.id = watched.id AND revoked_at IS NULL AND expires_at > now())
      AND NOT EXISTS (SELECT 1 FROM personal_token t WHERE t.id = watched.id AND t.expires_at > now())`;
    for (const { id } of ended) onEnded(id);
  });
  return () => {
    stopListening();
    stopBeating();
  };
}

/**
 * Holds the viewer's account as `holdAccount` does, for what makes or changes a way into it. UNAUTHENTICATED when the
 * session that asks has ended meanwhile: what it made would outlive the recovery that ended it.
 */
export async function holdOwnAccount(db: Prisma.TransactionClient, viewer: Viewer): Promise<void> {
  await holdAccount(db, viewer.id);
  const [session] = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM session
    WHERE id = ${viewer.sessionId}::uuid AND user_id = ${viewer.id}::uuid AND revoked_at IS NULL AND expires_at > now()
    FOR SHARE`;
  if (!session) throw signInAgain();
}

type Proven = { id: string; passwordHash: string };
type Which = { userId: string; id?: string | { not: string }; deviceId?: string | { in: string[] } };

async function endSessions(core: Core, which: Which): Promise<string[]> {
  const ids = await revokeSessions(core.db, which);
  tellEnded(core, ids);
  return ids;
}

/** Ends these sessions and gives their ids: for `tellEnded`, after the commit. */
export async function revokeSessions(db: Prisma.TransactionClient, which: Which): Promise<string[]> {
  const ended = await db.session.updateManyAndReturn({
    where: { ...which, revokedAt: null },
    data: { revokedAt: new Date() },
    select: { id: true },
  });
  const ids = ended.map((session) => session.id);
  if (ids.length > 0) await db.pushSubscription.deleteMany({ where: { sessionId: { in: ids } } });
  return ids;
}

/** Closes the sockets of these sessions and personal access tokens, on every node. */
export function tellEnded(core: Core, sessionIds: string[]): void {
  if (sessionIds.length === 0) return;
  core.log.info('sessions.ended', { sessions: sessionIds });
  core.bus.ring(TOPIC, sessionIds);
}

// The device that the session is bound to is there as well.
async function noteSeen({ db }: Core, id: string): Promise<void> {
  await db.device.updateMany({ where: { sessions: { some: { id } } }, data: { lastSeenAt: new Date() } });
}

async function joinRotation(core: Core, claims: Claims): Promise<Tokens> {
  const session = await core.db.session.findFirst({ where: alive(claims) });
  if (!session) throw new TokenError('invalid');
  const recent = Date.now() - session.rotatedAt.getTime() < GRACE;
  if (session.previousId === claims.tokenId && recent) {
    return tokens(core, claims.userId, session.id, session.refreshId);
  }
  await endSessions(core, { id: session.id, userId: claims.userId });
  throw new TokenError('invalid');
}

async function tokens(core: Core, userId: string, sessionId: string, refreshId: string): Promise<Tokens> {
  const accessToken = await signToken(core, 'access', { userId, sessionId, tokenId: randomUUID() });
  const refreshToken = await signToken(core, 'refresh', { userId, sessionId, tokenId: refreshId });
  return {
    userId,
    sessionId,
    accessToken,
    refreshToken,
    accessTokenExpiresAt: new Date(Date.now() + ACCESS_SECONDS * 1_000),
  };
}

async function readable(core: Core, type: 'access' | 'refresh', token: string | undefined): Promise<Claims | null> {
  if (!token) return null;
  return verifyToken(core, type, token).catch((error) => {
    if (error instanceof TokenError) return null;
    throw error;
  });
}

const alive = (claims: Claims) => ({ id: claims.sessionId, ...standing(claims.userId) });
const standing = (userId: string) => ({ userId, revokedAt: null, expiresAt: { gt: new Date() } });
const expiry = () => new Date(Date.now() + REFRESH_SECONDS * 1_000);

/** The answer to a refused token, for GraphQL. */
export const signInAgain = () => new AppError('UNAUTHENTICATED', 'Your session has ended. Sign in again.');

const disabled = () =>
  new AppError('FORBIDDEN', 'This account is disabled: it cannot sign in. Ask an administrator of this server.');
