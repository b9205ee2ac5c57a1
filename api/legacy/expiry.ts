import { setTimeout as sleep } from 'node:timers/promises';
import { socketExpiry } from '../auth/sessions.ts';
import { TokenError, verifyToken } from '../auth/tokens.ts';
import type { Credentials } from '../context.ts';
import type { Chat } from './chat.ts';

/** Throws TokenError when the access token has expired and its session was not refreshed meanwhile. */
export async function endWithToken({ core, closed }: Chat, { cookie, bearer }: Credentials): Promise<void> {
  const claims = await verifyToken(core, 'access', cookie ?? bearer ?? '');
  for (;;) {
    const expiry = await socketExpiry(core, claims);
    if (!expiry) throw new TokenError('invalid');
    const left = expiry.getTime() - Date.now();
    if (left <= 0) throw new TokenError('expired');
    await sleep(left, undefined, { signal: closed, ref: false });
  }
}
