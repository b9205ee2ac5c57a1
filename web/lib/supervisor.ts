/*
 * Subscriptions that do not end by accident.
 *
 *   const { subscribe } = createLive({ url, refresh });
 *   const stop = subscribe(document, () => ({ roomId, after: log.last }), { next, error, complete });
 *
 * graphql-ws speaks the protocol; it never retries here, because several close codes end its retries for good and it
 * sends the variables it first had. This supervisor starts every subscription that fell again, for ever, after a wait
 * with full jitter (0.3 s to 15 s), and asks for the variables anew each time: a cursor passed this way is today's.
 * - `error` is called only when the server refused the operation for good (NOT_FOUND, FORBIDDEN, INVALID_INPUT …).
 * - `complete` is called when the server ended the stream; give 'again' back to have it started once more.
 * - On 4401, 4403 or UNAUTHENTICATED the session is renewed before the next try; once signed out, it waits for `retry`.
 * - A ping goes out every 12 s and after a change of network; a missing pong counts as a dead socket. So does sleep.
 * - `connection` is reactive. A short blip is 'connecting'; 'offline' is what a person should be told.
 */
import { stringifyDocument, type TypedDocumentNode } from '@urql/core';
import { errorCode, isFinal, retryAfter } from './errors';
import { retryDelay, wake } from './retry';
import type { RefreshOutcome } from './session';
import { openSocket } from './socket';

export type { Connection } from './socket';

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

const ANSWER_WITHIN = 10_000;
const LONGEST_WAIT = 15_000;

/** One supervised socket. The page has one, in live.ts; tests make their own. */
export function createLive({ url, refresh, webSocketImpl }: LiveOptions) {
  const fallen = new Set<() => void>();
  let failures = 0;
  let renewFirst = false;
  let atOnce = false;
  let reviving = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const { wire, connection, prove, drop, tell } = openSocket({
    url,
    webSocketImpl,
    isAway: () => failures > 2,
    onOnline: wake,
    onSteady: () => {
      failures = 0;
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
      return runOnce(wire, request(document, variables()), {
        next: (result: Result) => listener.next(result),
        failed,
        completed,
      });
    }

    function failed(reason: unknown) {
      const code = Array.isArray(reason) ? errorCode(reason) : undefined;
      if (isFinal(code)) return listener.error?.(reason);
      if (code === 'UNAUTHENTICATED' || isUnauthorized(reason)) renewFirst = true;
      startAgain(code ? retryAfter(reason) * 1000 : 0);
    }

    function completed() {
      if (listener.complete?.() === 'again') startAgain();
    }

    function startAgain(atLeast?: number) {
      fallen.add(restart);
      scheduleRevival(atLeast);
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
    patience = ANSWER_WITHIN,
  ): Promise<Result> {
    if (connection.value !== 'online') return Promise.reject(new Error('The socket is not open'));
    return new Promise((resolve, reject) => {
      const completed = () => reject(new Error('No answer'));
      const stop = runOnce<Result>(wire, request(document, variables), { next: resolve, failed: reject, completed });
      setTimeout(() => {
        reject(new Error('No answer in time'));
        stop();
      }, patience);
    });
  }

  /** Tries now: what waits is started at once, and a socket that looks open has to prove it; after sleep it is dead. */
  function retry(slept = false) {
    failures = 0;
    if (fallen.size) return void revive();
    atOnce = true;
    if (slept) drop();
    else prove();
  }

  /** Drops the socket, so that the next one is opened as whoever is signed in then. */
  function hangUp() {
    atOnce = true;
    drop();
  }

  function scheduleRevival(atLeast = 0) {
    if (timer) return;
    failures += 1;
    tell();
    const wait = atOnce ? 0 : Math.min(LONGEST_WAIT, Math.max(atLeast, retryDelay(failures)));
    timer = setTimeout(revive, wait);
  }

  async function revive() {
    clearTimeout(timer);
    timer = undefined;
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
    drop();
    return true;
  }

  return { connection, subscribe, execute, retry, hangUp };
}

type Wire = ReturnType<typeof openSocket>['wire'];
type Request = ReturnType<typeof request>;

interface Run<Result> {
  next(result: Result): void;
  failed(reason: unknown): void;
  completed(): void;
}

/** Runs an operation until it fails, with an error or with a result that has errors, or completes: one of them, once. */
function runOnce<Result>(wire: Wire, operation: Request, { next, failed, completed }: Run<Result>): () => void {
  let over = false;
  const settle = (how: () => void) => {
    if (over) return;
    over = true;
    how();
  };
  const stop = wire.subscribe<Result>(operation, {
    next: ({ data, errors }) => {
      if (over) return;
      if (!errors) return next(data as Result);
      settle(() => failed(errors));
      stop();
    },
    error: (reason) => settle(() => failed(reason)),
    complete: () => settle(completed),
  });
  return () => {
    over = true;
    stop();
  };
}

const request = <Result, Variables>(document: Document<Result, Variables>, variables: Variables) => ({
  query: stringifyDocument(document),
  variables: variables as Record<string, unknown>,
});

function isUnauthorized(reason: unknown) {
  const code = (reason as { code?: unknown } | undefined)?.code;
  return code === 4401 || code === 4403;
}
