import type { Core } from '../core.ts';
import type { Taker } from '../limits.ts';

/**
 * One try at a secret, null when it failed. It is counted before it is made, so that many at once gain nothing; success
 * forgives those before it, and what could not be tried at all costs nothing. RATE_LIMITED after too many.
 */
export async function oneTry<Result>(
  core: Core,
  who: string,
  attempt: () => Promise<Result | null>,
  taker: Taker,
): Promise<Result | null> {
  await core.limits.take('loginFailures', who, taker);
  const result = await attempt().catch(async (error) => {
    await core.limits.giveBack('loginFailures', who);
    throw error;
  });
  if (result !== null) await core.limits.forget('loginFailures', who, taker);
  return result;
}
