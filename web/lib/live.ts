/*
 * Subscriptions that do not end by accident.
 *
 *   const stop = subscribe(document, () => ({ roomId, after: log.last }), { next, error, complete });
 *
 * graphql-ws speaks the protocol; it never retries here, because several close codes end its retries for good and it
 * sends the variables it first had. This supervisor starts every subscription that fell again, for ever, after a wait
 * with full jitter (0.3 s to 15 s), and asks for the variables anew each time: a cursor passed this way is today's.
 * - `error` is called only when the server refused the operation for good (NOT_FOUND, FORBIDDEN, INVALID_INPUT …).
 * - `complete` is called when the server ended the stream; give 'again' back to have it started once more.
 * - On 4401, 4403 or UNAUTHENTICATED the session is renewed before the next try; once signed out, it waits for `retry`.
 * - A ping goes out every 12 s and after sleep or a change of network; a missing pong counts as a dead socket.
 * - `connection` is reactive. A short blip is 'connecting'; 'offline' is what a person should be told.
 */
import { stringifyDocument, type TypedDocumentNode } from '@urql/core';
import { type CloseEvent, createClient } from 'graphql-ws';
import { type Ref, readonly, ref } from 'vue';
import { type RefreshOutcome, refreshSession } from './client';
import { errorCode, isFinal, retryAfter } from './errors';
import { retryDelay, wake } from './retry';

export type Connection = 'online' | 'connecting' | 'offline';

export interface Listener<Result> {
  next(result: Result): void;
  error?(problem: unknown): void;
  // biome-ignore lint/suspicious/noConfusingVoidType: a listener may simply not answer
  complete?(): void | 'again';
}

export interface LiveOptions {
  url: () => string;
  refresh: () => Promise<RefreshOutcome>;
  webSocketImpl?: unknown;
}

type Document<Result, Variables> = TypedDocumentNode<Result, Variables>;

const PING_EVERY = 12_000;
const PONG_WITHIN = 5_000;
const PROBE_WITHIN = 1_500;
const CONNECT_WITHIN = 10_000;
const SLOW_CONNECT = 4_000;
const STALE_CONNECT = 2_000;
const STEADY_AFTER = 5_000;
const LONGEST_WAIT = 15_000;

/** One supervised socket. The app has one, below; tests make their own. */
export function createLive({ url, refresh, webSocketImpl }: LiveOptions) {
  const connection: Ref<Connection> = ref('connecting');
  const fallen = new Set<() => void>();
  let socket: WebSocket | undefined;
  let failures = 0;
  let renewFirst = false;
  let atOnce = false;
  let reviving = false;
  let connectingSince = Number.POSITIVE_INFINITY;
  let operations = 0;
  let retryTimer: Timer;
  let pongTimer: Timer;
  let steadyTimer: Timer;
  let slowTimer: Timer;
  let connectTimer: Timer;

  const wire = createClient({
    url,
    webSocketImpl,
    keepAlive: PING_EVERY,
    lazyCloseTimeout: 3_000,
    retryAttempts: 0,
    // Short ids of equal length let the server share one frame between many sockets.
    generateID: () => String(++operations).padStart(6, '0'),
    on: {
      connecting: onConnecting,
      connected: onConnected,
      closed: onClosed,
      error: onClosed,
      ping: (received) => received || expectPong(PONG_WITHIN),
      pong: (received) => received && clearTimeout(pongTimer),
    },
  });

  /** Starts a subscription and keeps it. Gives the function that ends it. */
  function subscribe<Result, Variables>(
    document: Document<Result, Variables>,
    variables: () => Variables,
    listener: Listener<Result>,
  ): () => void {
    let stopped = false;
    let end = start();

    function start() {
      let over = false;
      const settle = (how: () => void) => {
        if (over) return;
        over = true;
        how();
      };
      const stop = wire.subscribe<Result>(request(document, variables()), {
        next(result) {
          if (over) return;
          if (!result.errors) return listener.next(result.data as Result);
          settle(() => fall(result.errors));
          stop();
        },
        error: (reason) => settle(() => fall(reason)),
        complete: () => settle(completed),
      });
      return () => {
        over = true;
        stop();
      };
    }

    function fall(reason: unknown) {
      const code = Array.isArray(reason) ? errorCode(reason) : undefined;
      if (isFinal(code)) return listener.error?.(reason);
      if (code === 'UNAUTHENTICATED' || isUnauthorized(reason)) renewFirst = true;
      fallen.add(restart);
      scheduleRevival(code ? retryAfter(reason) * 1000 : 0);
    }

    function completed() {
      if (listener.complete?.() !== 'again') return;
      fallen.add(restart);
      scheduleRevival();
    }

    function restart() {
      if (!stopped) end = start();
    }

    return () => {
      stopped = true;
      fallen.delete(restart);
      end();
    };
  }

  /** Runs a query or mutation over the open socket. Rejects when there is none, or no answer within `patience` ms. */
  function execute<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    patience = CONNECT_WITHIN,
  ): Promise<Result> {
    if (connection.value !== 'online') return Promise.reject(new Error('The socket is not open'));
    return new Promise((resolve, reject) => {
      const stop = wire.subscribe<Result>(request(document, variables), {
        next: ({ data, errors }) => (errors ? reject(errors) : resolve(data as Result)),
        error: reject,
        complete: () => reject(new Error('No answer')),
      });
      setTimeout(() => {
        reject(new Error('No answer in time'));
        stop();
      }, patience);
    });
  }

  /** Tries now: what waits is started at once, and a socket that looks open has to prove it. */
  function retry() {
    failures = 0;
    if (fallen.size) return void revive();
    if (socket) return expectPong(PROBE_WITHIN, true);
    if (Date.now() - connectingSince > STALE_CONNECT) hangUp();
  }

  /** Drops the socket, so that the next one is opened as whoever is signed in then. */
  function hangUp() {
    atOnce = true;
    wire.terminate();
  }

  function scheduleRevival(atLeast = 0) {
    if (retryTimer) return;
    failures += 1;
    tellWhenAway();
    const wait = atOnce ? 0 : Math.min(LONGEST_WAIT, Math.max(atLeast, retryDelay(failures)));
    retryTimer = setTimeout(revive, wait);
  }

  async function revive() {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    if (reviving) return;
    reviving = true;
    const ready = !renewFirst || (await renew());
    reviving = false;
    atOnce = false;
    if (!ready) return;
    const starting = [...fallen];
    fallen.clear();
    for (const restart of starting) restart();
  }

  /** Whether to go on. The socket knows the session it was opened with, so a renewed one needs a new socket. */
  async function renew() {
    const outcome = await refresh();
    if (outcome === 'unreachable') scheduleRevival();
    if (outcome !== 'renewed') return false;
    renewFirst = false;
    if (socket) wire.terminate();
    return true;
  }

  function onConnecting() {
    stopTimers();
    connectingSince = Date.now();
    slowTimer = setTimeout(() => {
      connection.value = 'offline';
    }, SLOW_CONNECT);
    connectTimer = setTimeout(() => wire.terminate(), CONNECT_WITHIN);
  }

  function onConnected(opened: unknown) {
    stopTimers();
    socket = opened as WebSocket;
    connection.value = 'online';
    wake();
    steadyTimer = setTimeout(() => {
      failures = 0;
    }, STEADY_AFTER);
  }

  function onClosed() {
    stopTimers();
    socket = undefined;
    if (connection.value === 'online') connection.value = 'connecting';
    tellWhenAway();
  }

  function tellWhenAway() {
    if (!socket && (failures > 2 || globalThis.navigator?.onLine === false)) connection.value = 'offline';
  }

  function expectPong(within: number, ask = false) {
    if (ask && socket?.readyState === 1) socket.send('{"type":"ping"}');
    clearTimeout(pongTimer);
    pongTimer = setTimeout(hangUp, within);
  }

  function stopTimers() {
    for (const timer of [connectTimer, slowTimer, pongTimer, steadyTimer]) clearTimeout(timer);
    connectingSince = Number.POSITIVE_INFINITY;
  }

  return { connection: readonly(connection), subscribe, execute, retry, hangUp };
}

/** The live connection of this page. */
export const { connection, subscribe, execute, retry, hangUp } = createLive({
  url: () => `${location.origin.replace(/^http/, 'ws')}/graphql`,
  refresh: refreshSession,
});

watchThePage(() => {
  wake();
  retry();
});

type Timer = ReturnType<typeof setTimeout> | undefined;

const request = <Result, Variables>(document: Document<Result, Variables>, variables: Variables) => ({
  query: stringifyDocument(document),
  variables: variables as Record<string, unknown>,
});

function isUnauthorized(reason: unknown) {
  const code = (reason as CloseEvent | undefined)?.code;
  return code === 4401 || code === 4403;
}

/** Calls back when the network may have changed: online, offline, shown again, or awake after sleep. */
function watchThePage(callback: () => void) {
  if (typeof window === 'undefined') return;
  for (const type of ['online', 'offline']) window.addEventListener(type, callback);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && callback());
  let beat = Date.now();
  setInterval(() => {
    const slept = Date.now() - beat > 10_000 && document.visibilityState === 'visible';
    beat = Date.now();
    if (slept) callback();
  }, 2_000);
}
