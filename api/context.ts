import type { Origin } from './auth/accounts.ts';
import { isPersonalToken, verifyPersonalToken } from './auth/personalTokens.ts';
import { type Tokens, verifySession } from './auth/sessions.ts';
import { TokenError } from './auth/tokens.ts';
import type { Core } from './core.ts';
import { AppError } from './errors.ts';
import type { Allowance } from './limits.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { Viewer } from './users/users.ts';

/** What every resolver is given: the parts of the node, and who asks. */
export interface Context {
  core: Core;
  caller: Caller;
  loaders: Loaders;
  /** The cookies of a browser; null where none can be set (over a socket). */
  cookies: CookieJar | null;
}

export interface Caller {
  /** Null when not signed in. Ask through `signedIn`. */
  viewer: Viewer | null;
  /** The id of the request, or of the socket. */
  request: string;
  origin: Origin;
  /** What the operation has used up of its limits. */
  allowances: Allowance[];
}

/** Who asks, for one operation: what it uses up of limits is noted in one place. */
export function callerOf(viewer: Viewer | null, origin: Origin, request: string): Caller {
  const allowances: Allowance[] = [];
  return { viewer: viewer && { ...viewer, allowances }, request, origin: { ...origin, allowances }, allowances };
}

export interface CookieJar {
  accessToken: string | undefined;
  refreshToken: string | undefined;
  /** Keeps the tokens in the browser. */
  set(tokens: Tokens): void;
  clear(): void;
}

/** Credentials as a request carries them. */
export interface Credentials {
  cookie: string | undefined;
  bearer: string | undefined;
}

/** The viewer whom the credentials prove: the cookie, or the bearer token when there is none. TokenError when refused. */
export async function viewerOf(core: Core, { cookie, bearer }: Credentials): Promise<Viewer | null> {
  const token = cookie ?? bearer;
  if (!token) return null;
  if (isPersonalToken(token)) return verifyPersonalToken(core, token);
  const { userId, sessionId } = await verifySession(core, token);
  return { id: userId, sessionId };
}

/** As `viewerOf`, with nobody for a token that is refused. */
export async function viewerOrNobody(core: Core, credentials: Credentials): Promise<Viewer | null> {
  return viewerOf(core, credentials).catch((error) => {
    if (error instanceof TokenError) return null;
    throw error;
  });
}

/** The context of one operation. */
export function createContext(core: Core, caller: Caller, cookies: CookieJar | null): Context {
  return { core, caller, cookies, loaders: createLoaders(core, caller) };
}

/** The viewer, or UNAUTHENTICATED. */
export function signedIn({ caller }: Pick<Context, 'caller'>): Viewer {
  if (!caller.viewer) throw new AppError('UNAUTHENTICATED', 'Sign in first.');
  return caller.viewer;
}
