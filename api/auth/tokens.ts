import { createHash, webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Core } from '../core.ts';

export const ACCESS_SECONDS = 15 * 60;
export const REFRESH_SECONDS = 30 * 24 * 3_600;
/** However often it refreshes, a session asks for the password again after this. */
export const SESSION_SECONDS = 180 * 24 * 3_600;

/** What a token says: whose session it is and, of a refresh token, which rotation. */
export interface Claims {
  userId: string;
  sessionId: string;
  tokenId: string;
  issuedAt: number;
}
export type TokenType = 'access' | 'refresh';
const Payload = z.object({ sub: z.guid(), sid: z.guid(), jti: z.guid(), iat: z.number() });

/** Why a token is refused: it was good once, or it never was. */
export class TokenError extends Error {
  constructor(readonly reason: 'expired' | 'invalid') {
    super(reason);
  }
}

/** A token of this installation, HS256. */
export async function signToken(core: Core, type: TokenType, claims: Omit<Claims, 'issuedAt'>): Promise<string> {
  return new SignJWT({ sid: claims.sessionId })
    .setProtectedHeader({ alg: 'HS256', typ: `${type}+jwt` })
    .setIssuer(core.instanceId)
    .setAudience(type)
    .setSubject(claims.userId)
    .setJti(claims.tokenId)
    .setIssuedAt()
    .setExpirationTime(`${type === 'access' ? ACCESS_SECONDS : REFRESH_SECONDS}s`)
    .sign(await key(core.config.secretKey));
}

/** The claims of a token whose signature, type, issuer and time are right; TokenError otherwise. */
export async function verifyToken(core: Core, type: TokenType, token: string): Promise<Claims> {
  const { secretKey, previousSecretKey } = core.config;
  try {
    return await verifyWith(core, type, token, secretKey);
  } catch (error) {
    if (previousSecretKey && error instanceof errors.JWSSignatureVerificationFailed) {
      return verifyWith(core, type, token, previousSecretKey).catch(refuse);
    }
    return refuse(error);
  }
}

async function verifyWith(core: Core, type: TokenType, token: string, secret: string): Promise<Claims> {
  const { payload } = await jwtVerify(token, await key(secret), {
    algorithms: ['HS256'],
    issuer: core.instanceId,
    audience: type,
    typ: `${type}+jwt`,
    requiredClaims: ['exp'],
  });
  const { sub, sid, jti, iat } = Payload.parse(payload);
  return { userId: sub, sessionId: sid, tokenId: jti, issuedAt: iat };
}

function refuse(error: unknown): never {
  throw new TokenError(error instanceof errors.JWTExpired ? 'expired' : 'invalid');
}

// An imported key verifies in half the time that the bytes take.
const keys = new Map<string, Promise<webcrypto.CryptoKey>>();
function key(secret: string): Promise<webcrypto.CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const bytes = createHash('sha256').update(`shh tokens\n${secret}`).digest();
  const made = webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  keys.set(secret, made);
  return made;
}
