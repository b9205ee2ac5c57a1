import type { Config } from './config.ts';
import { AppError } from './errors.ts';
import { Turns } from './turns.ts';

/**
 * Who comes in when everybody comes at once, as after a restart: what asks the database for something waits for its
 * turn, so that those who are in already are not held up. Whoever finds the queue full is told to come back.
 */
export type Admission = ReturnType<typeof openAdmission>;

const AT_ONCE = 128;
/** Pages of old entries are large, and nobody hears anything later for waiting for one. */
const PAGES_AT_ONCE = 4;
const REQUESTS_AT_ONCE = 64;
/** A request that waits holds its body. */
const REQUESTS = 1_000;

export function openAdmission({ mayWait }: Pick<Config, 'mayWait'>) {
  return {
    /** Sockets that say who they are. */
    connections: new Turns(AT_ONCE, mayWait, busy),
    /** Operations over a socket that begin to read: subscriptions and queries. What sends something does not wait. */
    openings: new Turns(AT_ONCE, mayWait, busy),
    /** HTTP requests to the API. */
    requests: new Turns(REQUESTS_AT_ONCE, Math.min(mayWait, REQUESTS), busy),
    /** Pages of the past that readers catch up with. */
    pages: new Turns(PAGES_AT_ONCE, mayWait, busy),
  };
}

// Not all after the same time, or they all come back at once.
function busy(): AppError {
  const retryAfter = 1 + Math.floor(Math.random() * 5);
  return new AppError('UNAVAILABLE', `Too many people come in at this moment. Try again in ${retryAfter} s.`, {
    retryAfter,
  });
}
