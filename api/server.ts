import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Core } from './core.ts';
import { type ErrorCode, HTTP_STATUS } from './errors.ts';
import { type Exchange, refuse } from './exchange.ts';
import { createMetrics } from './metrics.ts';
import { startPushing } from './notifications/pushes.ts';
import { factsOf } from './requests.ts';
import { openRoutes } from './routes.ts';
import { openSockets, refuse as refuseRaw, type Sockets } from './sockets.ts';
import { createStatic } from './static.ts';
import { leaveTrail } from './trails.ts';
import { startDeliveries } from './webhooks/deliveries.ts';
import { createGraphQL, render } from './yoga.ts';

/** Longer than a proxy keeps an idle connection (the Caddyfile: 60 s): a request must not meet its end. */
const IDLE = 75_000;
const DRAIN = 8_000;
// Whom the kernel has no place for tries again after 1, 3, 7 s.
const BACKLOG = 8_192;
const SWEEP = 100;
const BROKEN: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export interface App {
  server: Server;
  sockets: Sockets;
  /** Listens, and gives the address that was got. */
  listen(port?: number, host?: string): Promise<string>;
  /** Stops accepting, closes the sockets, lets running requests finish. */
  close(): Promise<void>;
}

/** One node:http server with everything on it. `webFolder` is where the built client lies. */
export async function openApp(core: Core, webFolder: string): Promise<App> {
  const yoga = createGraphQL(core);
  const sockets = await openSockets(core, yoga);
  const route = openRoutes({ yoga, files: createStatic(webFolder), metrics: createMetrics(core, sockets) });
  const stopPushing = await startPushing(core, sockets.sessions);
  const stopDeliveries = startDeliveries(core);
  let stopping = false;
  const server = createServer((request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
    const exchange = exchangeOf(core, request, response);
    route(exchange).catch((error) => answerError(exchange, error));
  });
  server.on('upgrade', sockets.upgrade);
  server.on('clientError', (error, socket) => refuseRaw(socket, BROKEN[codeOf(error)] ?? '400 Bad Request'));
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = IDLE;
  return {
    server,
    sockets,
    listen: (port = core.config.port, host = core.config.host) => listen(server, port, host),
    close: async () => {
      stopping = true;
      stopPushing();
      const closed = once(server, 'close');
      // The close of node:http ends what is idle at once, and with it requests that a proxy is just sending. Meanwhile each
      // answer asks who would go on to go.
      NetServer.prototype.close.call(server);
      const late = setTimeout(() => server.closeAllConnections(), DRAIN);
      await sockets.drain();
      server.close();
      // Those that were answering when it began to stop are told nothing, and would be kept for the next request.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
      await stopDeliveries();
      await closed;
      clearTimeout(late);
      clearInterval(sweep);
    },
  };
}

function exchangeOf(core: Core, request: IncomingMessage, response: ServerResponse): Exchange {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  return { core, request, response, facts: factsOf(core.config, request), path };
}

function answerError({ core, response, facts: { request } }: Exchange, error: Error) {
  leaveTrail(error, { request });
  const { message, extensions } = render(core, error);
  if (response.headersSent) return void response.destroy();
  const { code, retryAfter } = extensions;
  const headers = retryAfter ? { 'Retry-After': retryAfter } : {};
  refuse(response, HTTP_STATUS[code as ErrorCode] ?? 500, message, headers, String(code), retryAfter);
}

const codeOf = (error: NodeJS.ErrnoException) => error.code ?? '';

async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}
