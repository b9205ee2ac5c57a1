export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE';

/** The status of an answer over plain HTTP, beside GraphQL. */
export const HTTP_STATUS: Record<ErrorCode, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INVALID_INPUT: 422,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
};

export type FieldErrors = Record<string, string[]>;

export interface ErrorDetails {
  fields?: FieldErrors;
  /** In seconds. */
  retryAfter?: number;
  reason?: string;
  /** Of EPOCH_STALE and GENERATION_CLOSED: where the group is, and the log of its room. */
  generation?: number;
  epoch?: number;
  seq?: number;
  /** Of PENDING_REMOVAL: who must leave the group first. */
  deviceIds?: string[];
  /** Of RATE_LIMITED: how many are allowed, how many are left, and in how many seconds that begins anew. */
  limit?: number;
  rest?: number;
  reset?: number;
}

/**
 * An error that a person may read: a stable code and a sentence that says what to do.
 * Whatever else is thrown is a bug: it is logged with its stack and answered without details.
 */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'AppError';
  }
}

/** The answer to everyone who may not know whether the thing exists. */
export const notFound = (what: string) => new AppError('NOT_FOUND', `${what} not found.`);

/** The answer to whoever names what was there when they were let in and was deleted before they were done. */
export const goneMeanwhile = () =>
  new AppError('NOT_FOUND', 'Something that this is about was deleted a moment ago. Look again what is there.');

/** INVALID_INPUT that names the fields at fault, each with its sentences. */
export function invalid(fields: FieldErrors): AppError {
  const [first = ['The input is not valid.']] = Object.values(fields);
  return new AppError('INVALID_INPUT', first[0] ?? 'The input is not valid.', { fields });
}

/** A start that cannot go on: one sentence for the operator, no stack. */
export class StartError extends Error {}
