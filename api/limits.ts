import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from './config.ts';
import { AppError } from './errors.ts';

export type LimitName = keyof Config['limits'];
export interface Limits {
  /** Takes one from the allowance of `key`; throws RATE_LIMITED with the seconds to wait when it is used up. */
  take(name: LimitName, key: string): Promise<void>;
  /** Throws RATE_LIMITED when nothing is left, and takes nothing. */
  check(name: LimitName, key: string): Promise<void>;
  /** Gives back what was taken once. */
  giveBack(name: LimitName, key: string): Promise<void>;
  /** Gives the whole allowance back. */
  forget(name: LimitName, key: string): Promise<void>;
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
    take: async (name, key) => void (await limiters[name].consume(key).catch(refuse)),
    check: async (name, key) => {
      const used = await limiters[name].get(key);
      if (used && used.remainingPoints <= 0) refuse(used);
    },
    giveBack: async (name, key) => void (await limiters[name].reward(key)),
    forget: async (name, key) => void (await limiters[name].delete(key)),
    close: () => redis?.disconnect(),
  };
}

function limiter(config: Config, name: LimitName, redis: Redis | undefined): RateLimiterAbstract {
  const options = { keyPrefix: `limit:${name}`, points: config.limits[name], duration: SECONDS[name] };
  const memory = new RateLimiterMemory(options);
  return redis ? new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: memory }) : memory;
}

function refuse(reason: unknown): never {
  if (!(reason instanceof RateLimiterRes)) throw reason;
  const retryAfter = Math.max(1, Math.ceil(reason.msBeforeNext / 1_000));
  throw new AppError('RATE_LIMITED', `Too many tries. Wait ${retryAfter} s and try again.`, { retryAfter });
}
