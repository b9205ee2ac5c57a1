import type { Core } from '../core.ts';
import type { ConfirmedAct } from '../db/model.ts';
import { hashOf, inHours, newToken } from '../links.ts';

const MINUTES = 5;

/** Who may answer, and what for: nobody in particular when somebody signs in, and in one session when an act is confirmed. */
export interface Meant {
  userId?: string;
  act?: ConfirmedAct;
  sessionId?: string;
}

/** Keeps what a browser is asked to sign: whoever holds the ticket may answer, once, on any node, within five minutes. */
export async function keepChallenge(core: Core, challenge: string, meant: Meant): Promise<string> {
  const ticket = newToken();
  await core.db.passkeyChallenge.create({
    data: { ticketHash: hashOf(ticket), challenge, ...meant, expiresAt: inHours(MINUTES / 60) },
  });
  return ticket;
}

/** What was to be signed for that ticket; null when it was answered, has expired or is not meant for this. */
export async function takeChallenge(core: Core, ticket: string, meant: Meant): Promise<string | null> {
  const { userId = null, act = null, sessionId = null } = meant;
  const [taken] = await core.db.$queryRaw<{ challenge: string }[]>`
    DELETE FROM passkey_challenge
    WHERE ticket_hash = ${hashOf(ticket)} AND expires_at > now() AND user_id IS NOT DISTINCT FROM ${userId}::uuid
      AND act IS NOT DISTINCT FROM ${act}::"ConfirmedAct" AND session_id IS NOT DISTINCT FROM ${sessionId}::uuid
    RETURNING challenge`;
  return taken?.challenge ?? null;
}
