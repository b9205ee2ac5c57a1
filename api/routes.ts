import { pipeline } from 'node:stream/promises';
import { exportAccount } from './accounts/export.ts';
import { callerOf, viewerOrNobody } from './context.ts';
import { cookieJar } from './cookies.ts';
import { AppError } from './errors.ts';
import {
  allowOrigin,
  answer,
  BODY,
  dress,
  type Exchange,
  foreign,
  isForeign,
  isSafe,
  lengthOf,
  readBody,
  refuse,
  setHeaders,
  tooLarge,
  unknownHost,
} from './exchange.ts';
import { answerFiles } from './files/files.http.ts';
import { isLarge, LARGEST_BODY, maySendLarge } from './largeBodies.ts';
import { answerLegacy } from './legacy/routes.ts';
import { type Allowance, limitHeaders } from './limits.ts';
import { type createMetrics, mayScrape } from './metrics.ts';
import { isKnownHost } from './requests.ts';
import type { createStatic } from './static.ts';
import { noteStatus } from './trails.ts';
import { Pace, Turns } from './turns.ts';
import { answerHook } from './webhooks/incoming.http.ts';
import type { Yoga } from './yoga.ts';

/** Reading a document takes a millisecond: in a burst of them, everything else is looked at after so many. */
const DOCUMENTS_PER_TURN = 4;

/** What the paths lead to. */
interface Places {
  yoga: Yoga;
  files: ReturnType<typeof createStatic>;
  metrics: ReturnType<typeof createMetrics>;
}

/** Gives what answers a request, whatever it asks for; what it throws is answered by who called it. */
export function openRoutes({ yoga, files, metrics }: Places) {
  return async (exchange: Exchange): Promise<void> => {
    const { core, request, response, facts, path } = exchange;
    dress(exchange);
    if (path === '/healthz') return answer(response, 200, { status: 'ok' });
    if (path === '/readyz') return ready(exchange);
    if (path === '/metrics' && mayScrape(core, request, facts.address)) return scrape(exchange);
    if (!isKnownHost(core.config, request)) return unknownHost(exchange);
    allowOrigin(exchange);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (!isSafe(exchange) && isForeign(exchange)) return foreign(exchange);
    if (await answerFiles(core, request, response, path, facts)) return;
    if (path === '/graphql' && lengthOf(exchange) > BODY && (await maySendLarge(core, facts.credentials))) {
      return largeBodies.run(() => large(exchange));
    }
    const body = await readBody(exchange, BODY);
    if (!body) return tooLarge(exchange);
    if (path === '/graphql') return core.admission.requests.run(() => graphql(exchange, body));
    if (path === '/export') return exportData(exchange);
    if (await hook(exchange, body)) return;
    if (core.config.oldRoutes && (await legacy(exchange, body))) return;
    if (isSafe(exchange) && /^\/docs\/api\/?$/.test(path)) return files.reference(request, response);
    if (!isSafe(exchange)) return answer(response, 404, { detail: 'Not found.' });
    files.serve(request, response);
  };

  async function scrape({ response }: Exchange) {
    const text = await metrics.metrics();
    response.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).end(text);
  }

  // Only what devices say to each other may be large, of few at a time.
  async function large(exchange: Exchange) {
    const body = await readBody(exchange, LARGEST_BODY);
    if (!body || !isLarge(body)) return tooLarge(exchange);
    await exchange.core.admission.requests.run(() => graphql(exchange, body));
  }

  async function graphql({ core, request, response, facts }: Exchange, body: Buffer) {
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
    setHeaders(response, limitHeaders(caller.allowances));
    response.setHeader('Content-Type', result.headers.get('content-type') ?? 'application/json');
    response.setHeader('Cache-Control', 'no-store');
    if (cookies.changes.length > 0) response.setHeader('Set-Cookie', cookies.changes);
    response.end(await result.text());
  }
}

const largeBodies = new Turns(16, 256, () => new AppError('UNAVAILABLE', 'Too much is sent at once. Try again.'));
const beginning = new Pace(DOCUMENTS_PER_TURN);

async function ready({ core, response }: Exchange) {
  const database = await core.db.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
  answer(response, database ? 200 : 503, { database, bus: core.bus.connected() });
}

// A page of another site may not even have the person download it.
async function exportData(exchange: Exchange) {
  const { core, request, response, facts } = exchange;
  if (request.method !== 'GET') return refuse(response, 405, 'Ask for your data with GET.', { Allow: 'GET' });
  if (isForeign(exchange)) return foreign(exchange);
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

// Whoever closes the page does not want the rest.
function unlessGone(error: NodeJS.ErrnoException) {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}

async function legacy({ core, request, response, facts, path }: Exchange, body: Buffer) {
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
  setHeaders(response, { ...limitHeaders(allowances), ...answered.headers });
  if (cookies.changes.length > 0) response.setHeader('Set-Cookie', cookies.changes);
  answer(response, answered.status, answered.body);
  return true;
}

async function hook({ core, request, response, facts, path }: Exchange, body: Buffer) {
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
  setHeaders(response, answered.headers);
  answer(response, answered.status, answered.body);
  return true;
}
