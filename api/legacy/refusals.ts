import { TokenError } from '../auth/tokens.ts';
import type { Core } from '../core.ts';
import { isForeignKeyViolation, isUnavailable } from '../db/driverErrors.ts';
import type { Room } from '../db/model.ts';
import { AppError, type ErrorCode, type FieldErrors, goneMeanwhile } from '../errors.ts';
import type { Trail } from '../trails.ts';
import type { LegacyAnswer } from './routes.ts';

/** A refusal with the very body that the contract gives it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {
    super(`refused with ${status}`);
  }
}

/** Throws a refusal in place of an AppError of that code, and every other error as it is. */
export function insteadOf(code: ErrorCode, refusal: (error: AppError) => Refusal) {
  return (error: unknown): never => {
    throw error instanceof AppError && error.code === code ? refusal(error) : error;
  };
}

/** Throws unless what is said in the room is open to these routes. */
export function refuseEncrypted({ encryption }: Pick<Room, 'encryption'>): void {
  if (encryption !== 'NONE') throw encrypted();
}

export const encrypted = () =>
  new AppError('CONFLICT', 'This room is end-to-end encrypted', { reason: 'E2EE_REQUIRED' });

export const isEncrypted = (error: unknown) => error instanceof AppError && error.details.reason === 'E2EE_REQUIRED';

/** How an error is answered over HTTP. What is nobody's mistake but ours is logged and told without details. */
export function answerTo(core: Core, error: unknown, trail: Trail): LegacyAnswer {
  if (error instanceof Refusal) return answerToRefusal(error);
  if (error instanceof TokenError) return unauthorized({ detail: TOKEN_SENTENCES[error.reason] });
  if (error instanceof AppError) return answerToApp(error);
  if (isForeignKeyViolation(error)) return answerToApp(goneMeanwhile());
  if (isUnavailable(error)) return unavailable('The server cannot reach its database. Try again in a moment.');
  core.log.error('legacy.bug', { error, ...trail });
  return { status: 500, body: { detail: 'Something went wrong on the server. Try again.' } };
}

export const TOKEN_SENTENCES = { expired: 'Access token expired', invalid: 'Invalid token' };

function answerToRefusal({ status, body }: Refusal): LegacyAnswer {
  return status === 401 ? unauthorized(body) : { status, body };
}

function answerToApp({ code, message, details }: AppError): LegacyAnswer {
  switch (code) {
    case 'UNAUTHENTICATED':
      return unauthorized({ detail: message });
    case 'FORBIDDEN':
      return { status: 403, body: { detail: message } };
    case 'NOT_FOUND':
      return { status: 404, body: { error: message.replace(/\.$/, '') } };
    case 'INVALID_INPUT':
      return { status: 400, body: details.fields ? snakeCased(details.fields) : { error: message } };
    case 'CONFLICT':
      return { status: 409, body: { error: message } };
    case 'RATE_LIMITED':
      return { status: 429, body: { detail: message }, headers: { 'Retry-After': String(details.retryAfter ?? 1) } };
    case 'UNAVAILABLE':
      return unavailable(message, details.retryAfter);
  }
}

const unauthorized = (body: object): LegacyAnswer => ({ status: 401, body, headers: { 'WWW-Authenticate': 'Bearer' } });
const unavailable = (detail: string, retryAfter = 1): LegacyAnswer => ({
  status: 503,
  body: { detail },
  headers: { 'Retry-After': String(retryAfter) },
});

function snakeCased(fields: FieldErrors): FieldErrors {
  const renamed = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(fields).map(([name, sentences]) => [renamed(name), sentences]));
}
