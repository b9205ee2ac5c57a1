import type { ErrorCode } from './errors.ts';
import type { Log } from './log.ts';

/** Whose request it was: ids alone. */
export interface Trail {
  request?: string;
  user?: string | null;
}

const trails = new WeakMap<object, Trail>();

/** Keeps whose request an error ended, for the log: where errors are rendered, nobody else knows. */
export function leaveTrail(error: unknown, trail: Trail): void {
  if (typeof error === 'object' && error !== null) trails.set(error, trail);
}

/** What was kept of that error. */
export const trailOf = (error: unknown): Trail => trails.get(error as object) ?? {};

const NOTED: ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'];

/** Logs that somebody was refused what they may not do, or did too often. `what` is the name of a field or a route. */
export function noteRefusal(log: Log, code: ErrorCode, what: string | undefined, trail: Trail): void {
  if (NOTED.includes(code)) log.info('access.refused', { code, what, ...trail });
}
