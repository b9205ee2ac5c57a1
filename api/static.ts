import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import sirv from 'sirv';
import { fittingLines } from '../release/signature.ts';

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types worker',
].join('; ');

// GraphiQL makes its own styles and workers as it runs.
const EXPLORER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

// A page to read: one style sheet and one script of ours, and nothing else.
const REFERENCE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** What every answer carries, errors included. */
export const SECURITY_HEADERS: Record<string, string> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

// To scan the code of a safety number; no other page of ours has a use for it.
const PAGE_PERMISSIONS = 'camera=(self), geolocation=(), microphone=(), payment=(), usb=()';

// What holds the keys of encrypted rooms: it asks this server, and loads nothing.
const WORKER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const SIGNATURE = '/.well-known/app-manifest.sig';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the built web client: its files, and its page for every path that is none. `explorer` serves GraphiQL, `reference` the API. */
export function createStatic(folder: string): { serve: Serve; explorer: Serve; reference: Serve } {
  if (!existsSync(join(folder, 'index.html'))) return { serve: notBuilt, explorer: notBuilt, reference: notBuilt };
  // Looked up anew each time: a new build may replace the files while the node runs.
  const files = sirv(folder, {
    dev: true,
    single: true,
    etag: true,
    gzip: true,
    brotli: true,
    setHeaders: tellCharset,
  });
  const send = (request: IncomingMessage, response: ServerResponse) => {
    response.once('pipe', (file: Readable) => closeTogether(file, response));
    files(request, response, () => notFound(response));
  };
  const page = (path: string, policy: string) => (request: IncomingMessage, response: ServerResponse) => {
    request.url = path;
    prepare(request, response, policy);
    send(request, response);
  };
  return {
    serve: (request, response) => {
      prepare(request, response, PAGE_POLICY);
      response.setHeader('Permissions-Policy', PAGE_PERMISSIONS);
      if (request.url?.split('?')[0] === SIGNATURE) sendSignature(folder, response);
      else send(request, response);
    },
    explorer: page('/graphiql.html', EXPLORER_POLICY),
    reference: page('/docs.html', REFERENCE_POLICY),
  };
}

// sirv neither hears what goes wrong with the file that it pipes, which would end the process, nor closes it when the reader goes.
function closeTogether(file: Readable, response: ServerResponse) {
  file.once('error', () => response.destroy());
  response.once('close', () => file.destroy());
}

// Before the file is looked up: a browser takes these from a 304 as well.
function prepare(request: IncomingMessage, response: ServerResponse, policy: string) {
  const hashed = request.url?.startsWith('/assets/');
  response.setHeader('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.url?.startsWith('/assets/crypto-')) response.setHeader('Content-Security-Policy', WORKER_POLICY);
  else if (!hashed) response.setHeader('Content-Security-Policy', policy);
}

// sirv says the character set of HTML alone.
const TEXTS: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

function tellCharset(response: ServerResponse, path: string) {
  const type = TEXTS[path.split('.').at(-1) ?? ''];
  if (type) response.setHeader('Content-Type', `${type}; charset=utf-8`);
}

// One that was left from another build would only alarm people.
function sendSignature(folder: string, response: ServerResponse) {
  const [manifest, signature] = ['app-manifest.json', 'app-manifest.sig'].map((file) =>
    join(folder, '.well-known', file),
  );
  if (!manifest || !signature || ![manifest, signature].every((file) => existsSync(file))) return notFound(response);
  const lines = fittingLines(readFileSync(manifest), readFileSync(signature, 'utf8'));
  return lines.length === 0 ? notFound(response) : text(response, 200, `${lines.join('\n')}\n`);
}

const notFound = (response: ServerResponse) => text(response, 404, 'Not found.');
const notBuilt = (_: IncomingMessage, response: ServerResponse) =>
  text(response, 503, 'The web client is not built: run npm run build.');

function text(response: ServerResponse, status: number, message: string) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(message);
}
