import { createClient } from 'graphql-ws';
import { type Ref, readonly, ref } from 'vue';

export type Connection = 'online' | 'connecting' | 'offline';

export interface SocketOptions {
  url: () => string;
  webSocketImpl?: unknown;
  /** Whether tries have failed so often that a person should be told. */
  isAway: () => boolean;
  onOnline: () => void;
  /** The socket has been open for a while: what failed before is over. */
  onSteady: () => void;
}

const PING_EVERY = 12_000;
const PONG_WITHIN = 5_000;
const PROBE_WITHIN = 1_500;
const CONNECT_WITHIN = 10_000;
const SLOW_CONNECT = 4_000;
const STALE_CONNECT = 2_000;
const STEADY_AFTER = 5_000;

/** The one socket under all operations: opened with the first of them, and given up when it does not answer pings. */
export function openSocket({ url, webSocketImpl, isAway, onOnline, onSteady }: SocketOptions) {
  const connection: Ref<Connection> = ref('connecting');
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  let socket: WebSocket | undefined;
  let connectingSince = Number.POSITIVE_INFINITY;
  let operations = 0;

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
      pong: (received) => received && stop('pong'),
    },
  });

  /** A socket that looks open has to answer soon; one that is long in opening is given up. */
  function prove() {
    if (!socket) return Date.now() - connectingSince > STALE_CONNECT && drop();
    if (socket.readyState === socket.OPEN) socket.send('{"type":"ping"}');
    expectPong(PROBE_WITHIN);
  }

  function drop() {
    wire.terminate();
  }

  /** Says 'offline' if that is what a person should know by now. */
  function tell() {
    if (!socket && (isAway() || globalThis.navigator?.onLine === false)) connection.value = 'offline';
  }

  function onConnecting() {
    stopAll();
    connectingSince = Date.now();
    start('slow', SLOW_CONNECT, () => {
      connection.value = 'offline';
    });
    start('connect', CONNECT_WITHIN, drop);
  }

  function onConnected(opened: unknown) {
    stopAll();
    socket = opened as WebSocket;
    connection.value = 'online';
    start('steady', STEADY_AFTER, onSteady);
    onOnline();
  }

  function onClosed() {
    stopAll();
    socket = undefined;
    if (connection.value === 'online') connection.value = 'connecting';
    tell();
  }

  function expectPong(within: number) {
    start('pong', within, drop);
  }

  function start(name: string, after: number, act: () => void) {
    stop(name);
    timers.set(name, setTimeout(act, after));
  }

  function stop(name: string) {
    clearTimeout(timers.get(name));
  }

  function stopAll() {
    for (const name of timers.keys()) stop(name);
    connectingSince = Number.POSITIVE_INFINITY;
  }

  return { wire, connection: readonly(connection), prove, drop, tell };
}
