import type { AuthenticatorTransport } from '@simplewebauthn/server';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { Passkey, User } from '../db/model.ts';

/** What the authenticator made, as it is kept. */
export type Credential = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports'>;

/** What a browser is asked: as JSON, for parseCreationOptionsFromJSON or parseRequestOptionsFromJSON. */
export interface Question {
  challenge: string;
  options: string;
}

// ES256, Ed25519 and RS256: what browsers and security keys have.
const ALGORITHMS = [-7, -8, -257];
const WHO_IS_WHO = { residentKey: 'required', userVerification: 'required' } as const;

const base64url = z.string().regex(/^[\w-]{1,8192}$/);
const answerOf = <Response extends z.ZodType>(response: Response) =>
  z
    .string()
    .max(16_384)
    .transform(readJson)
    .pipe(
      z.object({ id: base64url, rawId: base64url, type: z.literal('public-key'), response }).transform((answer) => ({
        ...answer,
        clientExtensionResults: {},
      })),
    );

/** A browser's answer to a request for a new passkey: JSON of what navigator.credentials.create gave. */
export const CreationAnswer = answerOf(
  z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[\w-]{1,20}$/))
      .max(10)
      .default([]),
  }),
);
const signed = { clientDataJSON: base64url, authenticatorData: base64url, signature: base64url };

/** A browser's answer to who wants in: JSON of what navigator.credentials.get gave. */
export const SignInAnswer = answerOf(z.object({ ...signed, userHandle: base64url }));

/** The same of a person who is known: authenticators that were asked for one of their passkeys need not say whose it is. */
export const answerOfKnown = (userId: string) =>
  answerOf(z.object({ ...signed, userHandle: base64url.default(textOf(handleOf(userId))) }));

/** Asks for a new passkey of that person, at the site that the browser shows, other than those they have. */
export async function askForCreation(
  site: string,
  serverName: string,
  user: User,
  known: Passkey[],
): Promise<Question> {
  const { generateRegistrationOptions } = await library();
  const options = await generateRegistrationOptions({
    rpID: hostOf(site),
    rpName: serverName,
    userID: handleOf(user.id),
    userName: user.username,
    userDisplayName: user.displayName,
    attestationType: 'none',
    authenticatorSelection: WHO_IS_WHO,
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: known.map(describe),
  });
  return { challenge: options.challenge, options: JSON.stringify(options) };
}

/** Asks whoever sits there for one of these passkeys; without them for any of the site: no name is given. */
export async function askForSignIn(site: string, known: Passkey[] = []): Promise<Question> {
  const { generateAuthenticationOptions } = await library();
  const options = await generateAuthenticationOptions({
    rpID: hostOf(site),
    userVerification: 'required',
    allowCredentials: known.map(describe),
  });
  return { challenge: options.challenge, options: JSON.stringify(options) };
}

/** The new credential; null unless it was made for this challenge, at this site, by a person who was there. */
export function verifyCreation(core: Core, site: string, challenge: string, answer: z.output<typeof CreationAnswer>) {
  return unlessRefused(core, async (): Promise<Credential | null> => {
    if (!(await saysNothingOfItsMaker(answer.response.attestationObject))) return null;
    const { verifyRegistrationResponse } = await library();
    const { registrationInfo } = await verifyRegistrationResponse({
      response: { ...answer, response: { ...answer.response, transports: [] } },
      expectedChallenge: challenge,
      expectedOrigin: site,
      expectedRPID: hostOf(site),
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!registrationInfo) return null;
    const { id, publicKey, counter } = registrationInfo.credential;
    const { transports } = answer.response;
    return { credentialId: Buffer.from(id, 'base64url'), publicKey, counter: BigInt(counter), transports };
  });
}

/** The authenticator's new counter; null unless this passkey signed this challenge, at this site, for its owner. */
export function verifySignIn(
  core: Core,
  site: string,
  challenge: string,
  answer: z.output<typeof SignInAnswer>,
  passkey: Passkey,
) {
  return unlessRefused(core, async (): Promise<bigint | null> => {
    if (answer.response.userHandle !== textOf(handleOf(passkey.userId))) return null;
    const { verifyAuthenticationResponse } = await library();
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge: challenge,
      expectedOrigin: site,
      expectedRPID: hostOf(site),
      credential: {
        id: textOf(passkey.credentialId),
        publicKey: new Uint8Array(passkey.publicKey),
        counter: Number(passkey.counter),
      },
    });
    return verified ? BigInt(authenticationInfo.newCounter) : null;
  });
}

const describe = ({ credentialId, transports }: Passkey) => ({
  id: textOf(credentialId),
  transports: transports as AuthenticatorTransport[],
});

/** As the owner's id stands in an authenticator. */
export const handleOf = (userId: string) => new Uint8Array(Buffer.from(userId.replaceAll('-', ''), 'hex'));

// We ask for no attestation. One that comes with certificates could name a host to ask whether they still hold.
async function saysNothingOfItsMaker(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const format = attestation.get('fmt');
  return format === 'none' || (format === 'packed' && !attestation.get('attStmt').get('x5c'));
}

// The library throws for whatever does not fit, and what comes is made by whoever likes to.
async function unlessRefused<Result>(core: Core, verify: () => Promise<Result | null>): Promise<Result | null> {
  return verify().catch((error: Error) => {
    core.log.info('passkey.refused', { reason: error.message.slice(0, 200) });
    return null;
  });
}

// Not before somebody has a passkey: it is the largest of what the server imports.
const library = () => import('@simplewebauthn/server');

const hostOf = (site: string) => new URL(site).hostname;
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

function readJson(text: string, context: z.core.$RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'This is not JSON.' });
    return z.NEVER;
  }
}
