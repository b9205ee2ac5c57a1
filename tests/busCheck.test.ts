import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkBus } from '../api/busCheck.ts';
import { StartError } from '../api/errors.ts';
import { startRedis, type TestRedis } from './services/redis.ts';
import { freePort } from './services/server.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

/** What the operator reads: lines of the log, and why it did not start. */
async function start(url: string | undefined) {
  const lines: string[] = [];
  const refusal = await checkBus(url, (line) => lines.push(line)).catch((error: unknown) => error);
  if (refusal !== undefined) expect(refusal).toBeInstanceOf(StartError);
  return { lines, refusal: (refusal as Error | undefined)?.message };
}

test('a node with a Redis that answers, or with none, starts without a word', async () => {
  for (const url of [redis.url, undefined]) expect(await start(url)).toEqual({ lines: [], refusal: undefined });
});

test('a node whose Redis is away starts, and says what that means', async () => {
  const { lines, refusal } = await start(`redis://ann:hunter2@127.0.0.1:${await freePort()}`);
  expect(refusal).toBeUndefined();
  expect(lines).toEqual([
    expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ cannot be reached \(.*ECONNREFUSED.*\): .*second late.*\.$/),
  ]);
  expect(lines.join()).not.toContain('hunter2');
});

test('a node that Redis refuses does not start, and does not say the password', async () => {
  const { refusal } = await start(redis.url.replace('//', '//ann:hunter2@'));
  expect(refusal).toMatch(/^Redis at [\w.:]+ refuses the name or password in REDIS_URL\.$/);
});

test('a node does not take another program for a Redis', async () => {
  const server = createServer((_, answer) => answer.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { refusal } = await start(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(refusal).toMatch(/^What answers at 127\.0\.0\.1:\d+ is no Redis: correct REDIS_URL\.$/);
  server.closeAllConnections();
  server.close();
});
