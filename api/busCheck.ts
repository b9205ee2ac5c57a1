import { Redis } from 'ioredis';
import { StartError } from './errors.ts';

const PATIENCE = 1_000;

/**
 * What would otherwise show as messages that come a second late: throws StartError when what REDIS_URL names refuses us,
 * or is no Redis. One that cannot be reached is no reason not to start, since nodes work without it and find it later: `log`
 * says so in a sentence.
 */
export async function checkBus(redisUrl: string | undefined, log: (line: string) => void): Promise<void> {
  if (!redisUrl) return;
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, connectTimeout: PATIENCE });
  let problem: Error | undefined;
  redis.on('error', (error) => {
    problem ??= error;
  });
  try {
    await within(redis.connect().then(() => redis.ping()));
  } catch (error) {
    judge(new URL(redisUrl).host, problem ?? (error as Error), log);
  } finally {
    redis.disconnect();
  }
}

function judge(host: string, { message }: Error, log: (line: string) => void) {
  if (/WRONGPASS|NOAUTH|invalid password|without any password/i.test(message)) {
    throw new StartError(`Redis at ${host} refuses the name or password in REDIS_URL.`);
  }
  if (/unknown RESP type|protocol error/i.test(message))
    throw new StartError(`What answers at ${host} is no Redis: correct REDIS_URL.`);
  log(
    `Redis at ${host} cannot be reached (${message}): nodes hear of each other’s messages up to a second late until ` +
      'it can. It is tried again and again.',
  );
}

function within(answer: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE / 1_000} s`)), PATIENCE);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
