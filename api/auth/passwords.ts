import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { dictionary } from '@zxcvbn-ts/language-common';
import argon2 from 'argon2';
import { z } from 'zod';
import { AppError, invalid } from '../errors.ts';
import { Turns } from '../turns.ts';

// OWASP Password Storage: argon2id, 19 MiB, two passes, one lane.
const PARAMETERS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
// A hundred hashes at once starve everything else: two run, one where that would leave no core to the rest of the
// server, a few wait, and the others are refused.
const AT_ONCE = availableParallelism() > 2 ? 2 : 1;
const turns = new Turns(AT_ONCE, 34 - AT_ONCE, tooMany);

/** A password that may be chosen: 8 to 256 characters of any kind, not among the common ones. */
export const Password = z
  .string('This field is required.')
  .min(1, { error: 'This field may not be blank.', abort: true })
  .min(8, 'This password is too short. It must contain at least 8 characters.')
  .max(256, 'This password is too long. It may contain at most 256 characters.')
  .refine((password) => !common().has(password.toLowerCase()), 'This password is too common.');

// What everybody would try at this application.
const OBVIOUS = ['shh', 'shhchatroom', 'chatroom', 'chat', 'admin', 'administrator'];

/**
 * INVALID_INPUT naming the field when the password is one of these words, or one that everybody would try here, said
 * once or more, with no more than digits and signs around it: the names of its owner and of the server.
 */
export function refuseObvious(password: string, words: (string | null | undefined)[], field = 'password'): void {
  const known = [...OBVIOUS, ...words.map((word) => lettersOf(word ?? ''))].filter(Boolean);
  const said = lettersOf(password);
  if (!known.some((word) => said.replaceAll(word, '') === '' && said !== '')) return;
  throw invalid({ [field]: ['This password is little more than a name that is known here. Choose another.'] });
}

/** What an account is called. */
export const namesOf = ({ username, displayName, email }: Named) => [username, displayName, email?.split('@')[0]];
type Named = { username: string; displayName?: string | null; email?: string | null };

const lettersOf = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}]/gu, '');

/** The hash to store. RATE_LIMITED when too many are being made. */
export const hashPassword = (password: string) => turns.run(() => argon2.hash(password, PARAMETERS));

/**
 * Whether the password is that of the hash; without a hash, false after the same work. `renewed` is a new hash to
 * store when the stored one was made with weaker parameters, or by the Django application.
 */
export async function verifyPassword(hash: string | undefined, password: string) {
  const matches = await turns.run(async () => matchesHash(hash, password));
  if (!hash || !matches) return { matches: false };
  const renewed = DJANGO.test(hash) || argon2.needsRehash(hash, PARAMETERS) ? await hashPassword(password) : undefined;
  return { matches: true, renewed };
}

// What an imported account has until its owner signs in: PBKDF2 with its iterations, salt and result.
const DJANGO = /^pbkdf2_(sha1|sha256)\$(\d{1,8})\$([^$]*)\$([A-Za-z\d+/]+=*)$/;

async function matchesHash(hash = '', password: string): Promise<boolean> {
  const [old, digest = '', iterations, salt = '', result = ''] = DJANGO.exec(hash) ?? [];
  if (old) {
    const expected = Buffer.from(result, 'base64');
    return timingSafeEqual(await derive(password, salt, Number(iterations), expected.length, digest), expected);
  }
  // An account without a password that can be used ("!" in Django) is as one that is not there.
  const usable = hash.startsWith('$argon2');
  return (await argon2.verify(usable ? hash : await decoy(), password)) && usable;
}
const derive = promisify(pbkdf2);

let commonPasswords: Set<string> | undefined;
function common(): Set<string> {
  commonPasswords ??= new Set(dictionary['passwords-common'].filter((password) => password.length >= 8));
  return commonPasswords;
}

let decoyHash: Promise<string> | undefined;
function decoy(): Promise<string> {
  decoyHash ??= argon2.hash(randomBytes(16), PARAMETERS);
  return decoyHash;
}

function tooMany(): AppError {
  const message = 'Too many people are signing in at this moment. Try again in 5 s.';
  return new AppError('RATE_LIMITED', message, { retryAfter: 5 });
}
