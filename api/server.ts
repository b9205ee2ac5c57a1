import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { exportAccount } from './accounts/export.ts';
import { callerOf, viewerOrNobody } from './context.ts';
import { cookieJar } from './cookies.ts';
import type { Core } from './core.ts';
import { AppError, type ErrorCode, HTTP_STATUS } from './errors.ts';
import { answerFiles } from './files/files.http.ts';
import { isLarge, LARGEST_BODY, maySendLarge } from './largeBodies.ts';
import { answerLegacy } from './legacy/routes.ts';
import { type Allowance, limitHeaders } from './limits.ts';
import { createMetrics, mayScrape } from './metrics.ts';
import { startPushing } from './notifications/pushes.ts';
import { factsOf, isKnownHost, isOurs, type RequestFacts } from './requests.ts';
import { openSockets, refuse as refuseRaw, type Sockets } from './sockets.ts';
import { createStatic, SECURITY_HEADERS } from './static.ts';
import { leaveTrail, noteStatus } from './trails.ts';
import { Pace, Turns } from './turns.ts';
import { startDeliveries } from './webhooks/deliveries.ts';
import { answerHook } from './webhooks/incoming.http.ts';
import { createGraphQL, render } from './yoga.ts';

const BODY = 100 * 1_024;
/** Longer than a proxy keeps an idle connection (the Caddyfile: 60 s): a request must not meet its end. */
const IDLE = 75_000;
const DRAIN = 8_000;
// Whom the kernel has no place for tries again after 1, 3, 7 s.
const BACKLOG = 8_192;
const SWEEP = 100;
/** Reading a document takes a millisecond: in a burst of them, everything else is looked at after so many. */
const DOCUMENTS_PER_TURN = 4;
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
  const files = createStatic(webFolder);
  const sockets = await openSockets(core, yoga);
  const metrics = createMetrics(core, sockets);
  const stopPushing = await startPushing(core, sockets.sessions);
  const stopDeliveries = startDeliveries(core);
  let stopping = false;
  const server = createServer((request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
    const facts = factsOf(core.config, request);
    handle(core, yoga, files, metrics, request, response, facts).catch((error) => {
      leaveTrail(error, { request: facts.request });
      const { message, extensions } = render(core, error);
      if (response.headersSent) return void response.destroy();
      const { code, retryAfter } = extensions;
      const headers = retryAfter ? { 'Retry-After': retryAfter } : {};
      refuse(response, HTTP_STATUS[code as ErrorCode] ?? 500, message, headers, String(code), retryAfter);
    });
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
      const closed = new Promise((resolve) => server.close(resolve));
      const late = setTimeout(() => server.closeAllConnections(), DRAIN);
      await sockets.drain();
      // Those that were answering when it began to stop are told nothing, and would be kept for the next request.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
      await stopDeliveries();
      await closed;
      clearTimeout(late);
      clearInterval(sweep);
    },
  };
}

type Yoga = ReturnType<typeof createGraphQL>;
type Files = ReturnType<typeof createStatic>;
type Metrics = ReturnType<typeof createMetrics>;

async function handle(
  core: Core,
  yoga: Yoga,
  files: Files,
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
) {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  response.setHeader('X-Request-Id', facts.request);
  if (facts.secure) response.setHeader('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
  if (path === '/healthz') return answer(response, 200, { status: 'ok' });
  if (path === '/readyz') return ready(core, response);
  if (path === '/metrics' && mayScrape(core, request, facts.address)) return scrape(metrics, response);
  if (!isKnownHost(core.config, request.headers.host)) return unknownHost(response);
  allowOrigin(core, request, response);
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (!isSafe(request) && !isOurs(core.config, request, facts)) return foreign(core, response, facts);
  if (await answerFiles(core, request, response, path, facts)) return;
  if (path === '/graphql' && lengthOf(request) > BODY && (await maySendLarge(core, facts.credentials))) {
    return largeBodies.run(() => large(core, yoga, files, request, response, facts));
  }
  const body = await readBody(request, BODY);
  if (!body) return tooLarge(response);
  if (path === '/graphql') {
    return core.admission.requests.run(() => graphql(core, yoga, files, request, response, facts, body));
  }
  if (path === '/export') return exportData(core, request, response, facts);
  if (await hook(core, request, response, facts, path, body)) return;
  if (core.config.oldRoutes && (await legacy(core, request, response, facts, path, body))) return;
  if (isSafe(request) && /^\/docs\/api\/?$/.test(path)) return files.reference(request, response);
  if (!isSafe(request)) return answer(response, 404, { detail: 'Not found.' });
  files.serve(request, response);
}

// Only what devices say to each other may be large, of few at a time.
async function large(
  core: Core,
  yoga: Yoga,
  files: Files,
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
) {
  const body = await readBody(request, LARGEST_BODY);
  if (!body || !isLarge(body)) return tooLarge(response);
  await core.admission.requests.run(() => graphql(core, yoga, files, request, response, facts, body));
}

async function graphql(
  core: Core,
  yoga: Yoga,
  files: Files,
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
  body: Buffer,
) {
  const wantsPage = request.method === 'GET' && request.headers.accept?.includes('text/html');
  if (wantsPage && core.config.graphiql) return files.explorer(request, response);
  if (request.method !== 'POST') return refuse(response, 405, 'Send GraphQL documents with POST.', { Allow: 'POST' });
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return refuse(response, 415, 'Send GraphQL documents as application/json.');
  }
  await beginning.turn();
  const viewer = await viewerOrNobody(core, facts.credentials);
  const cookies = cookieJar(facts);
  const { accept = 'application/json' } = request.headers;
  const headers = { 'content-type': 'application/json', accept };
  const caller = callerOf(viewer, { address: facts.network, label: facts.label, site: facts.origin }, facts.request);
  const result = await yoga.fetch(
    'http://node/graphql',
    { method: 'POST', headers, body: new Uint8Array(body) },
    { caller, cookies },
  );
  response.statusCode = result.status;
  for (const [name, value] of Object.entries(limitHeaders(caller.allowances))) response.setHeader(name, value);
  response.setHeader('Content-Type', result.headers.get('content-type') ?? 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  if (cookies.changes.length > 0) response.setHeader('Set-Cookie', cookies.changes);
  response.end(await result.text());
}

// A page of another site may not even have the person download it.
async function exportData(core: Core, request: IncomingMessage, response: ServerResponse, facts: RequestFacts) {
  if (request.method !== 'GET') return refuse(response, 405, 'Ask for your data with GET.', { Allow: 'GET' });
  if (!isOurs(core.config, request, facts)) return foreign(core, response, facts);
  const viewer = await viewerOrNobody(core, facts.credentials);
  if (!viewer) throw new AppError('UNAUTHENTICATED', 'Sign in first.');
  if (viewer.scope) throw new AppError('FORBIDDEN', 'No token can do this: sign in with your password.');
  await core.limits.take('exportsPerHour', viewer.id);
  const data = exportAccount(core, viewer);
  const { value } = await data.next();
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': 'attachment; filename="shh-export.json"',
    'Cache-Control': 'no-store',
  });
  response.write(value ?? '');
  await pipeline(data, response).catch(unlessGone);
}

async function legacy(
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
  path: string,
  body: Buffer,
) {
  const { method = 'GET', headers } = request;
  const cookies = cookieJar(facts, true);
  const { accept = '', 'content-type': contentType = '' } = headers;
  const allowances: Allowance[] = [];
  const trail = { request: facts.request };
  const answered = await answerLegacy(core, {
    method,
    path,
    accept,
    contentType,
    body,
    facts,
    cookies,
    allowances,
    trail,
  });
  if (!answered) return false;
  const more = { ...limitHeaders(allowances), ...answered.headers };
  for (const [name, value] of Object.entries(more)) response.setHeader(name, value);
  if (cookies.changes.length > 0) response.setHeader('Set-Cookie', cookies.changes);
  answer(response, answered.status, answered.body);
  return true;
}

async function hook(
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
  facts: RequestFacts,
  path: string,
  body: Buffer,
) {
  const { method = 'GET', headers } = request;
  const key = headers['idempotency-key'];
  const answered = await answerHook(core, {
    method,
    path,
    contentType: headers['content-type'] ?? '',
    idempotencyKey: key === undefined ? undefined : String(key),
    bearer: facts.credentials.bearer,
    body,
  });
  if (!answered) return false;
  noteStatus(core.log, answered.status, '/hooks', { request: facts.request });
  for (const [name, value] of Object.entries(answered.headers)) response.setHeader(name, value);
  answer(response, answered.status, answered.body);
  return true;
}

async function scrape(metrics: Metrics, response: ServerResponse) {
  const text = await metrics.metrics();
  response.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).end(text);
}

async function ready(core: Core, response: ServerResponse) {
  const database = await core.db.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
  answer(response, database ? 200 : 503, { database, bus: core.bus.connected() });
}

function allowOrigin(core: Core, request: IncomingMessage, response: ServerResponse) {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (!origin || !core.config.allowedOrigins.includes(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, range, upload-offset');
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PATCH, DELETE');
  response.setHeader('Access-Control-Max-Age', '600');
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
}

async function readBody(request: IncomingMessage, most: number): Promise<Buffer | null> {
  if (lengthOf(request) > most) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const EXPOSED = 'content-range, upload-length, upload-offset, ratelimit, ratelimit-policy, retry-after';

// Whoever closes the page does not want the rest.
function unlessGone(error: NodeJS.ErrnoException) {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}

const tooLarge = (response: ServerResponse) =>
  answer(response, 413, { detail: `A request body has at most ${BODY} bytes.` });

const largeBodies = new Turns(16, 256, () => new AppError('UNAVAILABLE', 'Too much is sent at once. Try again.'));
const beginning = new Pace(DOCUMENTS_PER_TURN);
const lengthOf = (request: IncomingMessage) => Number(request.headers['content-length'] ?? 0);
const codeOf = (error: NodeJS.ErrnoException) => error.code ?? '';
const isSafe = (request: IncomingMessage) => request.method === 'GET' || request.method === 'HEAD';

const unknownHost = (response: ServerResponse) =>
  answer(response, 400, { detail: 'This host name is not served here. The operator can add it to ALLOWED_HOSTS.' });

function foreign(core: Core, response: ServerResponse, { request }: RequestFacts) {
  core.log.info('origin.refused', { request });
  const message = 'Requests from other sites are not taken. The operator can add an origin to CORS_ALLOWED_ORIGINS.';
  refuse(response, 403, message, {}, 'FORBIDDEN');
}

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers = {},
  code = 'INVALID_INPUT',
  retryAfter?: unknown,
) {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
  answer(response, status, { detail: message, errors: [{ message, extensions: { code, retryAfter } }] });
}

function answer(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}
