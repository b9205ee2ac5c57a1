import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core } from './core.ts';
import { isOurs, type RequestFacts } from './requests.ts';
import { SECURITY_HEADERS } from './static.ts';

/** In bytes, of everything but what devices with keys say to each other, and files. */
export const BODY = 100 * 1_024;

/** One request, what is known of it, and its answer. */
export interface Exchange {
  core: Core;
  request: IncomingMessage;
  response: ServerResponse;
  facts: RequestFacts;
  /** Without the query. */
  path: string;
}

/** What every answer has, whatever it is. */
export function dress({ response, facts }: Exchange): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  response.setHeader('X-Request-Id', facts.request);
  if (facts.secure) response.setHeader('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
}

/** Lets a page of a listed origin read the answer. */
export function allowOrigin({ core, request, response }: Exchange): void {
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

const EXPOSED = 'content-range, upload-length, upload-offset, ratelimit, ratelimit-policy, retry-after';

export const isSafe = ({ request }: Exchange) => request.method === 'GET' || request.method === 'HEAD';
export const isForeign = ({ core, request, facts }: Exchange) => !isOurs(core.config, request, facts);
export const lengthOf = ({ request }: Exchange) => Number(request.headers['content-length'] ?? 0);

/** The body, or null when it is longer. */
export async function readBody(exchange: Exchange, most: number): Promise<Buffer | null> {
  if (lengthOf(exchange) > most) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of exchange.request) {
    size += chunk.length;
    if (size > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const tooLarge = ({ response }: Exchange) =>
  answer(response, 413, { detail: `A request body has at most ${BODY} bytes.` });

export const unknownHost = ({ response }: Exchange) =>
  answer(response, 400, { detail: 'This host name is not served here. The operator can add it to ALLOWED_HOSTS.' });

export function foreign({ core, response, facts: { request } }: Exchange): void {
  core.log.info('origin.refused', { request });
  const message = 'Requests from other sites are not taken. The operator can add an origin to CORS_ALLOWED_ORIGINS.';
  refuse(response, 403, message, {}, 'FORBIDDEN');
}

/** An answer that says why not, as the old routes say it and as GraphQL does. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers = {},
  code = 'INVALID_INPUT',
  retryAfter?: unknown,
): void {
  setHeaders(response, headers);
  answer(response, status, { detail: message, errors: [{ message, extensions: { code, retryAfter } }] });
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

export function setHeaders(response: ServerResponse, headers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
}
