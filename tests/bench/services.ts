import { startPostgres, type TestPostgres } from '../services/postgres.ts';
import { startRedis, type TestRedis } from '../services/redis.ts';

/** PostgreSQL and Redis, started when they are first needed. */
export interface Services {
  /** A database of its own; returns its URL. */
  database(): Promise<string>;
  redis(): Promise<string>;
  stop(): Promise<void>;
}

export function openServices(): Services {
  let postgres: Promise<TestPostgres> | undefined;
  let redis: Promise<TestRedis> | undefined;
  return {
    database: async () => {
      postgres ??= startPostgres();
      return (await postgres).createDatabase();
    },
    redis: async () => {
      redis ??= startRedis();
      return (await redis).url;
    },
    stop: async () => {
      await (await postgres)?.stop();
      await (await redis)?.stop();
    },
  };
}
