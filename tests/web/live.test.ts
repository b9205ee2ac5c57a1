import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RefreshOutcome } from '../../web/lib/session';
import { document, startLive, startServer } from './liveServer';
import { until } from './patience';

type Log = { log: number };

const log = document<Log, { after: number }>('subscription ($after: Int) { log(after: $after) }');
const other = document<{ other: number }, Record<string, never>>('subscription { other }');
const double = document<{ double: number }, { of: number }>('mutation ($of: Int) { double(of: $of) }');

let server: ReturnType<typeof startServer>;
const stops: (() => void)[] = [];

beforeEach(() => {
  server = startServer();
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  server.close();
});

/** Follows the log from its newest entry on. */
function follow(live: ReturnType<typeof startLive>) {
  const seen: number[] = [];
  const errors: unknown[] = [];
  stops.push(
    live.subscribe(log, () => ({ after: seen.at(-1) ?? 0 }), {
      next: (result) => void seen.push(result.log),
      error: (error) => void errors.push(error),
    }),
  );
  return { seen, errors };
}

test.each([undefined, 1001, 1008, 1011, 1012, 1013, 4004, 4005, 4400, 4406, 4408, 4409, 4429, 4499, 4500])(
  'after close code %s the subscription starts again from where it is now',
  async (code) => {
    const { seen } = follow(startLive(server.url));
    (await server.operationsReach(1)).next({ log: 1 });
    await until(() => expect(seen).toEqual([1]));
    server.drop(code);
    const second = await server.operationsReach(2);
    expect(second.variables).toEqual({ after: 1 });
    second.next({ log: 2 });
    await until(() => expect(seen).toEqual([1, 2]));
  },
);

test.each([4401, 4403])('on %s the session is renewed before the next try', async (code) => {
  const refresh = vi.fn(async (): Promise<RefreshOutcome> => 'renewed');
  follow(startLive(server.url, refresh));
  await server.operationsReach(1);
  expect(refresh).not.toHaveBeenCalled();
  server.drop(code);
  await server.operationsReach(2);
  expect(refresh).toHaveBeenCalledOnce();
});

test('UNAUTHENTICATED renews the session and opens a new socket, for every subscription', async () => {
  const live = startLive(server.url);
  stops.push(live.subscribe(other, () => ({}), { next: () => {} }));
  await server.operationsReach(1);
  follow(live);
  (await server.operationsReach(2)).errors('UNAUTHENTICATED');
  await server.operationsReach(4);
  expect(server.opened).toBe(2);
});

test('signed out, it waits; retry starts it when somebody is signed in again', async () => {
  let outcome: RefreshOutcome = 'signed-out';
  const live = startLive(server.url, async () => outcome);
  follow(live);
  (await server.operationsReach(1)).errors('UNAUTHENTICATED');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(server.operations).toHaveLength(1);
  outcome = 'renewed';
  live.retry();
  await server.operationsReach(2);
});

test.each([
  ['NOT_FOUND', false],
  ['FORBIDDEN', true],
  ['INVALID_INPUT', false],
])('%s is final: it is told once and not tried again', async (code, asResult) => {
  const { errors } = follow(startLive(server.url));
  (await server.operationsReach(1)).errors(code, asResult);
  await until(() => expect(errors).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(server.operations).toHaveLength(1);
});

test.each([
  ['INTERNAL_SERVER_ERROR', true],
  ['UNAVAILABLE', false],
])('%s is tried again, on the same socket', async (code, asResult) => {
  const { errors } = follow(startLive(server.url));
  (await server.operationsReach(1)).errors(code, asResult);
  await server.operationsReach(2);
  expect(errors).toEqual([]);
  expect(server.opened).toBe(1);
});

test('a stream that the server ends is over, unless the listener says again', async () => {
  const live = startLive(server.url);
  const answers: ('again' | undefined)[] = ['again', undefined];
  stops.push(live.subscribe(other, () => ({}), { next: () => {}, complete: () => answers.shift() }));
  (await server.operationsReach(1)).complete();
  (await server.operationsReach(2)).complete();
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(server.operations).toHaveLength(2);
  expect(answers).toEqual([]);
});

test('whoever stopped is not started again', async () => {
  const live = startLive(server.url);
  follow(live);
  await server.operationsReach(1);
  server.drop();
  stops.pop()?.();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(server.operations).toHaveLength(1);
});

test('a socket that no longer answers is given up soon after the network changed', async () => {
  const live = startLive(server.url);
  follow(live);
  await server.operationsReach(1);
  server.answersPings = false;
  live.retry();
  await server.operationsReach(2);
});

test('after sleep a new socket is opened, without asking the old one whether it lives', async () => {
  const live = startLive(server.url);
  follow(live);
  await server.operationsReach(1);
  live.retry(true);
  await server.operationsReach(2);
});

test('a socket that answers is kept', async () => {
  const live = startLive(server.url);
  follow(live);
  await server.operationsReach(1);
  live.retry();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(server.opened).toBe(1);
});

test('connection says when a person should know', async () => {
  const live = startLive(server.url);
  expect(live.connection.value).toBe('connecting');
  follow(live);
  await server.operationsReach(1);
  expect(live.connection.value).toBe('online');
  server.drop();
  await until(() => expect(live.connection.value).toBe('connecting'));
  await server.operationsReach(2);
  expect(live.connection.value).toBe('online');
  server.close();
  await until(() => expect(live.connection.value).toBe('offline'));
});

test('a mutation goes over the open socket, and is refused where there is none', async () => {
  const live = startLive(server.url);
  await expect(live.execute(double, { of: 2 })).rejects.toThrow('not open');
  follow(live);
  await server.operationsReach(1);
  server.onOperation = (operation) => {
    operation.next({ double: 2 * (operation.variables.of as number) });
    operation.complete();
  };
  expect(await live.execute(double, { of: 21 })).toEqual({ double: 42 });
  server.onOperation = (operation) => operation.errors('RATE_LIMITED', true);
  await expect(live.execute(double, { of: 2 })).rejects.toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  server.onOperation = ({ socket }) => socket.terminate();
  await expect(live.execute(double, { of: 2 })).rejects.toBeDefined();
});

test('over 1,000 random drops nothing is lost and nothing is doubled', async () => {
  const live = startLive(server.url);
  const { seen } = follow(live);
  let top = 0;
  server.onOperation = ({ variables, next }) => {
    for (let seq = (variables.after as number) + 1; seq <= top; seq++) next({ log: seq });
  };
  while (server.opened < 1_000) {
    for (let burst = Math.random() * 4; burst > 0; burst--) {
      top += 1;
      if (server.sockets.size && server.operations.length) server.newest().next({ log: top });
    }
    if (Math.random() < 0.7) server.drop(Math.random() < 0.5 ? undefined : 4500);
    const { length } = server.operations;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    if (server.operations.length === length) live.retry();
  }
  await until(() => expect(seen.at(-1)).toBe(top));
  let last = 0;
  for (const seq of seen) if (seq > last) expect(seq).toBe(++last);
  expect(last).toBe(top);
});
