import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from './config.ts';
import { AppError } from './errors.ts';

export type LimitName = keyof Config['limits'];

/** What is left of a limit. */
export interface Allowance {
  name: LimitName;
  limit: number;
  /** How many are left. */
  rest: number;
  /** In how many seconds they are all there again. */
  reset: number;
  /** Set when it was used up already. */
  retryAfter?: number;
}

/** In whose name something is taken: it is noted there, so that the answer can tell. */
export interface Taker {
  allowances?: Allowance[];
}

export interface Limits {
  /** Takes one, or so many, from the allowance of `key`; throws RATE_LIMITED with the seconds to wait when it is used up. */
  take(name: LimitName, key: string, taker?: Taker, points?: number): Promise<void>;
  /** Throws RATE_LIMITED when nothing is left, and takes nothing. */
  check(name: LimitName, key: string): Promise<void>;
  /** Gives back what was taken once. */
  giveBack(name: LimitName, key: string): Promise<void>;
  /** Gives the whole allowance back. */
  forget(name: LimitName, key: string, taker?: Taker): Promise<void>;
  close(): void;
}

const SECONDS: Record<LimitName, number> = {
  loginFailures: 15 * 60,
  loginsPerMinute: 60,
  registrationsPerHour: 3_600,
  messagesPer10Seconds: 10,
  changesPerMinute: 60,
  profileChangesPerHour: 3_600,
  uploadsPerHour: 3_600,
  exportsPerHour: 3_600,
  marksPer10Seconds: 10,
  hooksPerMinute: 60,
  keyClaimsPerHour: 3_600,
};

// Nobody waits for a Redis that is away or silent: what is not answered at once is counted here.
const IMPATIENT = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 500,
  socketTimeout: 1_000,
};

/** Allowances shared by all nodes through Redis when there is one; while it is away, and without it, per node. */
export function openLimits(config: Config): Limits {
  const redis = config.redisUrl ? new Redis(config.redisUrl, IMPATIENT) : undefined;
  redis?.on('error', () => {}); // The bus reports the same outage; the limiter below falls back to memory.
  const limiters = Object.fromEntries(
    (Object.keys(SECONDS) as LimitName[]).map((name) => [name, limiter(config, name, redis)]),
  ) as Record<LimitName, RateLimiterAbstract>;
  return {
    take: async (name, key, taker, points = 1) => {
      const taken = await limiters[name].consume(key, points).catch(used);
      const allowance = toAllowance(config, name, taken);
      note(taker, allowance);
      if (allowance.retryAfter) throw tooMany(allowance);
    },
    check: async (name, key) => {
      const taken = await limiters[name].get(key);
      if (taken && taken.remainingPoints <= 0) throw tooMany(toAllowance(config, name, { ...taken, refused: true }));
    },
    giveBack: async (name, key) => void (await limiters[name].reward(key)),
    forget: async (name, key, taker) => {
      await limiters[name].delete(key);
      if (taker?.allowances) drop(taker.allowances, name);
    },
    close: () => redis?.disconnect(),
  };
}

function limiter(config: Config, name: LimitName, redis: Redis | undefined): RateLimiterAbstract {
  const options = { keyPrefix: `limit:${name}`, points: config.limits[name], duration: SECONDS[name] };
  const memory = new RateLimiterMemory(options);
  return redis ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: memory }) : memory;
}

/** What is told of allowances: in `extensions.rateLimits` of an answer. */
export const toldOf = ({ name, limit, rest, reset }: Allowance) => ({ name, limit, rest, reset });

/** The same as headers, in the words of draft-ietf-httpapi-ratelimit-headers, with Retry-After for who has to wait. */
export function limitHeaders(allowances: Allowance[]): Record<string, string> {
  if (allowances.length === 0) return {};
  const waits = allowances.flatMap(({ retryAfter }) => retryAfter ?? []);
  return {
    'RateLimit-Policy': allowances.map(({ name, limit }) => `"${name}";q=${limit};w=${SECONDS[name]}`).join(', '),
    RateLimit: allowances.map(({ name, rest, reset }) => `"${name}";r=${rest};t=${reset}`).join(', '),
    ...(waits.length > 0 && { 'Retry-After': String(Math.max(...waits)) }),
  };
}

type Taken = Pick<RateLimiterRes, 'remainingPoints' | 'msBeforeNext'> & { refused?: boolean };

function used(reason: unknown): Taken {
  if (!(reason instanceof RateLimiterRes)) throw reason;
  return { remainingPoints: 0, msBeforeNext: reason.msBeforeNext, refused: true };
}

function toAllowance(config: Config, name: LimitName, { remainingPoints, msBeforeNext, refused }: Taken): Allowance {
  const reset = Math.max(1, Math.ceil(msBeforeNext / 1_000));
  const allowance = { name, limit: config.limits[name], rest: Math.max(0, remainingPoints), reset };
  return refused ? { ...allowance, retryAfter: reset } : allowance;
}

// An operation may take the same more than once: the last time says what is left.
function note({ allowances }: Taker = {}, allowance: Allowance): void {
  if (!allowances) return;
  drop(allowances, allowance.name);
  allowances.push(allowance);
}

function drop(allowances: Allowance[], name: LimitName): void {
  const known = allowances.findIndex((allowance) => allowance.name === name);
  if (known >= 0) allowances.splice(known, 1);
}

function tooMany({ limit, rest, reset, retryAfter }: Allowance): AppError {
  const message = `Too many tries. Wait ${retryAfter} s and try again.`;
  return new AppError('RATE_LIMITED', message, { retryAfter, limit, rest, reset });
}
