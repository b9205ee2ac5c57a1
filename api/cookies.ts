import { REFRESH_SECONDS } from './auth/tokens.ts';
import type { CookieJar } from './context.ts';
import type { RequestFacts } from './requests.ts';

// Both last as long as a refresh is possible: an expired access token is told from a missing one by its own date.
/** The cookies of one request, and what is to be changed of them: `changes` are Set-Cookie values for its answer. */
export function cookieJar(facts: RequestFacts): CookieJar & { changes: string[] } {
  const attributes = `HttpOnly; SameSite=Lax; Path=/${facts.secure ? '; Secure' : ''}`;
  const cookie = (name: string, value: string, seconds: number) =>
    `${name}=${value}; Max-Age=${seconds}; ${attributes}`;
  const jar = {
    accessToken: facts.credentials.cookie,
    refreshToken: facts.refreshToken,
    changes: [] as string[],
    set: ({ accessToken, refreshToken }: { accessToken: string; refreshToken: string }) => {
      jar.changes = [
        cookie('access_token', accessToken, REFRESH_SECONDS),
        cookie('refresh_token', refreshToken, REFRESH_SECONDS),
      ];
    },
    clear: () => {
      jar.changes = [cookie('access_token', '', 0), cookie('refresh_token', '', 0)];
    },
  };
  return jar;
}
