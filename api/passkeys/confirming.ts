import { z } from 'zod';
import type { Origin } from '../auth/accounts.ts';
import { keepConfirmation } from '../auth/confirmations.ts';
import { oneTry } from '../auth/tries.ts';
import type { Core } from '../core.ts';
import type { ConfirmedAct } from '../db/model.ts';
import { AppError } from '../errors.ts';
import { parse } from '../input.ts';
import type { Viewer } from '../users/users.ts';
import { keepChallenge, takeChallenge } from './challenges.ts';
import { listPasskeys, type PasskeyRequest } from './passkeys.ts';
import { findPasskey, hasSigned } from './signing.ts';
import { answerOfKnown, askForSignIn } from './webauthn.ts';

/** What a person confirms, and with what. */
export interface ConfirmInput {
  act: ConfirmedAct;
  ticket: string;
  response: string;
}

/** Asks the viewer's browser for one of their passkeys, to confirm that act in this session. CONFLICT for who has none. */
export async function beginConfirmation(
  core: Core,
  viewer: Viewer,
  { site }: Origin,
  act: ConfirmedAct,
): Promise<PasskeyRequest> {
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const passkeys = await listPasskeys(core, viewer);
  if (passkeys.length === 0) throw new AppError('CONFLICT', 'You have no passkey. Use your password.');
  const { challenge, options } = await askForSignIn(site, passkeys);
  return { ticket: await keepChallenge(core, challenge, meant(viewer, act)), options };
}

/** From now on the viewer has confirmed that act, as `keepConfirmation` says. FORBIDDEN for what was not signed for it. */
export async function confirmWithPasskey(
  core: Core,
  viewer: Viewer,
  { site }: Origin,
  { act, ticket, ...input }: ConfirmInput,
): Promise<void> {
  const { response } = parse(z.object({ response: answerOfKnown(viewer.id) }), input);
  const attempt = async () => {
    const challenge = await takeChallenge(core, ticket, meant(viewer, act));
    const passkey = challenge && (await findPasskey(core, response.id));
    if (!passkey || passkey.userId !== viewer.id) return null;
    return (await hasSigned(core, site, challenge, response, passkey)) || null;
  };
  if (!(await oneTry(core, `passkey ${viewer.id}`, attempt, viewer))) throw refused(core, viewer);
  await keepConfirmation(core, viewer, act);
}

const meant = ({ id: userId, sessionId }: Viewer, act: ConfirmedAct) => ({ userId, sessionId, act });

function refused(core: Core, viewer: Viewer): AppError {
  core.log.info('passkey.refused', { user: viewer.id });
  return new AppError('FORBIDDEN', 'This passkey does not confirm that, or it took too long. Try again.');
}
