import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Origin } from '../auth/accounts.ts';
import { confirm, type Proof } from '../auth/confirmations.ts';
import { hasSecondFactor } from '../auth/secondFactor.ts';
import { holdOwnAccount, startSession, type Tokens } from '../auth/sessions.ts';
import type { Core } from '../core.ts';
import type { Prisma } from '../db/db.ts';
import type { Passkey } from '../db/model.ts';
import { AppError, notFound } from '../errors.ts';
import { idOf, line, parse } from '../input.ts';
import { readInstance } from '../instance/instance.ts';
import type { Viewer } from '../users/users.ts';
import { keepChallenge, takeChallenge } from './challenges.ts';
import { findPasskey, hasSigned } from './signing.ts';
import {
  askForCreation,
  askForSignIn,
  CreationAnswer,
  type Credential,
  SignInAnswer,
  verifyCreation,
} from './webauthn.ts';

const MOST = 20;
const Name = z.object({ name: line(60) });
const Creation = Name.extend({ response: CreationAnswer });
const SignIn = z.object({ response: SignInAnswer });

/** What a browser is asked to do, and the ticket with which it brings the answer. */
export interface PasskeyRequest {
  ticket: string;
  options: string;
}

/** Asks the viewer's browser for a new passkey, once they have confirmed it: it will open the account. */
export async function beginPasskey(
  core: Core,
  viewer: Viewer,
  { site }: Origin,
  proof: Proof,
): Promise<PasskeyRequest> {
  const user = await confirm(core, viewer, 'ADD_PASSKEY', proof);
  const known = await listPasskeys(core, viewer);
  if (known.length >= MOST) throw tooMany();
  const { challenge, options } = await askForCreation(site, (await readInstance(core)).name, user, known);
  return { ticket: await keepChallenge(core, challenge, { userId: user.id }), options };
}

/** Keeps the passkey that the browser made. FORBIDDEN when that is not what was asked for, CONFLICT for one that is known. */
export async function addPasskey(
  core: Core,
  viewer: Viewer,
  { site }: Origin,
  { ticket, ...input }: z.input<typeof Creation> & { ticket: string },
): Promise<Passkey> {
  const { name, response } = parse(Creation, input);
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const challenge = await takeChallenge(core, ticket, { userId: viewer.id });
  const credential = challenge && (await verifyCreation(core, site, challenge, response));
  if (!credential) throw notAsAsked();
  return core.db.$transaction((db) => keepPasskey(db, viewer, name, credential));
}

/** The viewer's passkeys, oldest first. */
export function listPasskeys({ db }: Core, { id: userId }: Viewer): Promise<Passkey[]> {
  return db.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' } });
}

/** Calls a passkey of the viewer something else. NOT_FOUND for any other. */
export async function renamePasskey(core: Core, viewer: Viewer, id: string, name: string): Promise<Passkey> {
  const data = parse(Name, { name });
  await core.limits.take('changesPerMinute', viewer.id, viewer);
  const where = { id: idOf(id, 'Passkey'), userId: viewer.id };
  const [renamed] = await core.db.passkey.updateManyAndReturn({ where, data });
  if (!renamed) throw notFound('Passkey');
  return renamed;
}

/** Takes a passkey of the viewer out of use, at once. The sessions that it started go on. NOT_FOUND for any other, CONFLICT for the last second factor. */
export async function removePasskey(core: Core, viewer: Viewer, id: string): Promise<void> {
  const where = { id: idOf(id, 'Passkey'), userId: viewer.id };
  await core.db.$transaction(async (db) => {
    await holdOwnAccount(db, viewer);
    const { count } = await db.passkey.deleteMany({ where });
    if (count === 0) throw notFound('Passkey');
    await keepOneWayIn(db, viewer);
    await audit(db, { action: 'PASSKEY_REMOVED', actorId: viewer.id, subjectId: viewer.id });
  });
}

/** Asks a browser for any passkey of this site. */
export async function beginPasskeySignIn(core: Core, origin: Origin): Promise<PasskeyRequest> {
  await core.limits.take('loginsPerMinute', origin.address, origin);
  const { challenge, options } = await askForSignIn(origin.site);
  return { ticket: await keepChallenge(core, challenge, {}), options };
}

/** Starts a session for the owner of the passkey. One that is unknown, removed or wrong gets the same UNAUTHENTICATED. */
export async function signInWithPasskey(
  core: Core,
  origin: Origin,
  { ticket, ...input }: z.input<typeof SignIn> & { ticket: string },
): Promise<Tokens> {
  const { response } = parse(SignIn, input);
  const challenge = await takeChallenge(core, ticket, {});
  const passkey = challenge && (await findPasskey(core, response.id));
  if (!passkey || !(await hasSigned(core, origin.site, challenge, response, passkey))) {
    core.log.info('signIn.failed', { by: 'passkey', user: passkey ? passkey.userId : null });
    throw opensNothing();
  }
  return startSession(core, passkey.user, origin.label);
}

async function keepPasskey(
  db: Prisma.TransactionClient,
  viewer: Viewer,
  name: string,
  credential: Credential,
): Promise<Passkey> {
  await holdOwnAccount(db, viewer);
  const userId = viewer.id;
  if ((await db.passkey.count({ where: { userId } })) >= MOST) throw tooMany();
  const data = [{ userId, name, ...credential }];
  const [passkey] = await db.passkey.createManyAndReturn({ data, skipDuplicates: true });
  if (!passkey) throw new AppError('CONFLICT', 'This passkey is here already.');
  await audit(db, { action: 'PASSKEY_ADDED', actorId: userId, subjectId: userId });
  return passkey;
}

async function keepOneWayIn(db: Prisma.TransactionClient, { id }: Viewer): Promise<void> {
  const isEnough = await hasSecondFactor(db, id);
  const { asksSecondFactor } = await db.user.findUniqueOrThrow({ where: { id } });
  if (asksSecondFactor && !isEnough)
    throw new AppError('CONFLICT', 'Nothing would let you in beside the password. Switch the second factor off first.');
}

const tooMany = () => new AppError('CONFLICT', `You have ${MOST} passkeys already. Remove one that is not used.`);

const notAsAsked = () =>
  new AppError(
    'FORBIDDEN',
    'This passkey was not made here and now: it took too long, or came from another page. Try again.',
  );

const opensNothing = () =>
  new AppError(
    'UNAUTHENTICATED',
    'This passkey opens nothing here, or it took too long. Try again, or use your password.',
  );
