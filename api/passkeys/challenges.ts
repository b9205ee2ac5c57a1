import type { Core } from '../core.ts';
import { hashOf, inHours, newToken } from '../links.ts';

const MINUTES = 5;

/** Keeps what a browser is asked to sign: whoever holds the ticket may answer, once, on any node, within five minutes. */
export async function keepChallenge(core: Core, challenge: string, userId: string | null): Promise<string> {
  const ticket = newToken();
  await core.db.passkeyChallenge.create({
    data: { ticketHash: hashOf(ticket), challenge, userId, expiresAt: inHours(MINUTES / 60) },
  });
  return ticket;
}

/** What was to be signed for that ticket; null when it was answered, has expired or is somebody else's. */
export async function takeChallenge(core: Core, ticket: string, userId: string | null): Promise<string | null> {
  const [taken] = await core.db.$queryRaw<{ challenge: string }[]>`
    DELETE FROM passkey_challenge
    WHERE ticket_hash = ${hashOf(ticket)} AND user_id IS NOT DISTINCT FROM ${userId}::uuid AND expires_at > now()
    RETURNING challenge`;
  return taken?.challenge ?? null;
}
