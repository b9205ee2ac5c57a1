import { REFRESH_SECONDS } from './auth/tokens.ts';
import type { CookieJar } from './context.ts';
import { HOST_ONLY, type RequestFacts } from './requests.ts';

type Tokens = { accessToken: string; refreshToken: string };

/**
 * The cookies of one request, and what is to be changed of them: `changes` are Set-Cookie values for its answer. Over
 * https they are called so that a browser keeps them to this host alone, but for the routes whose contract names them.
 */
export function cookieJar(facts: RequestFacts, contract = false): CookieJar & { changes: string[] } {
  const prefix = facts.secure && !contract ? HOST_ONLY : '';
  const attributes = `HttpOnly; SameSite=Lax; Path=/${facts.secure ? '; Secure' : ''}`;
  const cookie = (name: string, value: string, seconds: number) =>
    `${name}=${value}; Max-Age=${seconds}; ${attributes}`;
  const gone = (mark: string) => ['access_token', 'refresh_token'].map((name) => cookie(mark + name, '', 0));
  const others = facts.cookiePrefixes.filter((mark) => mark !== prefix).flatMap(gone);
  const jar = {
    accessToken: facts.credentials.cookie,
    refreshToken: facts.refreshToken,
    changes: [] as string[],
    // Both last as long as a refresh is possible: an expired access token is told from a missing one by its own date.
    set: ({ accessToken, refreshToken }: Tokens) => {
      const access = cookie(`${prefix}access_token`, accessToken, REFRESH_SECONDS);
      jar.changes = [access, cookie(`${prefix}refresh_token`, refreshToken, REFRESH_SECONDS), ...others];
    },
    clear: () => {
      jar.changes = [...gone(prefix), ...others];
    },
  };
  return jar;
}
