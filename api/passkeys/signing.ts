import type { z } from 'zod';
import type { Core } from '../core.ts';
import { today } from '../days.ts';
import type { Passkey, User } from '../db/model.ts';
import { type SignInAnswer, verifySignIn } from './webauthn.ts';

/** The passkey that an authenticator calls so, with its owner; null when there is none here. */
export function findPasskey({ db }: Core, id: string): Promise<(Passkey & { user: User }) | null> {
  return db.passkey.findUnique({ where: { credentialId: Buffer.from(id, 'base64url') }, include: { user: true } });
}

/** Whether this passkey signed this challenge, at this site, for its owner. Then it is noted as used, with its counter. */
export async function hasSigned(
  core: Core,
  site: string,
  challenge: string,
  answer: z.output<typeof SignInAnswer>,
  passkey: Passkey,
): Promise<boolean> {
  const counter = await verifySignIn(core, site, challenge, answer, passkey);
  return counter !== null && noteUse(core, passkey, counter);
}

// Of two answers with one counter, one is a copy's: whichever comes second finds the counter moved on.
async function noteUse({ db }: Core, { id, counter: before }: Passkey, counter: bigint): Promise<boolean> {
  const { count } = await db.passkey.updateMany({
    where: { id, counter: before },
    data: { counter, lastUsedOn: today() },
  });
  return count === 1;
}
