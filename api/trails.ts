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

// NOT_FOUND is what people are told of what they may not know of.
const NOTED: ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED'];
const CODES: Record<number, ErrorCode> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
};

/** Logs that somebody was refused what they may not do, or did too often. `what` is the name of a field or a route. */
export function noteRefusal(log: Log, code: ErrorCode, what: string | undefined, trail: Trail): void {
  if (!NOTED.includes(code)) return;
  if (hasRoom(log)) log.info('access.refused', { code, what, ...trail });
}

/** The same for what only has a status. */
export function noteStatus(log: Log, status: number, what: string, trail: Trail): void {
  const code = CODES[status];
  if (code) noteRefusal(log, code, what, trail);
}

/** Logs that the database did not do what it was asked for. `cause` is a code: 53100, for one, says that its disk is full. */
export function noteOutage(log: Log, cause: string | undefined, trail: Trail): void {
  if (hasRoom(log)) log.warn('database.unavailable', { cause, ...trail });
}

// Whoever is refused a thousand times a second shall not fill the disk: the rest is a number.
const MOST = 100;
let [second, noted] = [0, 0];

function hasRoom(log: Log): boolean {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    if (noted > MOST) log.warn('access.refusedMore', { count: noted - MOST });
    [second, noted] = [now, 0];
  }
  return ++noted <= MOST;
}
