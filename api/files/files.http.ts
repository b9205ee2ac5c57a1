import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { callerOf, signedIn, viewerOrNobody } from '../context.ts';
import type { Core } from '../core.ts';
import type { File } from '../db/model.ts';
import { AppError, HTTP_STATUS } from '../errors.ts';
import type { RequestFacts } from '../requests.ts';
import type { ByteRange } from '../storage/storage.ts';
import { refuseReaders } from '../tokenReach.ts';
import { noteRefusal } from '../trails.ts';
import type { Viewer } from '../users/users.ts';
import { getFile, getUpload, keyOf, readFile, thumbnailKeyOf } from './files.ts';
import { receive } from './receiving.ts';

const PATH = /^\/files\/([^/]+)(\/thumbnail)?$/;

interface FileRequest {
  core: Core;
  viewer: Viewer;
  id: string;
  thumbnail: boolean;
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * The bytes of files, which GraphQL does not carry: GET /files/ID and /files/ID/thumbnail read them, ranges included;
 * HEAD of an upload says in Upload-Offset how far it has come, and PATCH with that Upload-Offset goes on there (the core
 * of tus.io's protocol 1.0). False when the path is none of these. What is refused is answered as GraphQL errors are.
 */
export async function answerFiles(
  core: Core,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  facts: RequestFacts,
): Promise<boolean> {
  const [, id, thumbnail] = PATH.exec(path) ?? [];
  const answer = HANDLERS[request.method ?? ''];
  if (!id || !answer) return false;
  const origin = { address: facts.network, label: facts.label, site: facts.origin };
  try {
    const viewer = signedIn({ caller: callerOf(await viewerOrNobody(core, facts.credentials), origin, facts.request) });
    if (request.method === 'PATCH') refuseReaders(viewer);
    await answer({ core, viewer, id, thumbnail: !!thumbnail, request, response });
  } catch (error) {
    if (!(error instanceof AppError) || response.headersSent) throw error;
    noteRefusal(core.log, error.code, 'files', { request: facts.request });
    refuse(response, error);
  }
  return true;
}

const HANDLERS: Record<string, (request: FileRequest) => Promise<void>> = { GET: send, HEAD: tell, PATCH: take };

async function take({ core, viewer, id, request, response }: FileRequest) {
  if (request.headers['content-type'] !== 'application/offset+octet-stream') {
    throw new AppError('INVALID_INPUT', 'Send the bytes as application/offset+octet-stream.');
  }
  const file = await receive(core, viewer, id, wholeNumber(request.headers['upload-offset']), request);
  response.writeHead(204, progress(file)).end();
}

async function tell({ core, viewer, id, thumbnail, response }: FileRequest) {
  const upload = thumbnail ? null : await getUpload(core, viewer, id).catch(otherwise);
  if (upload) return void response.writeHead(200, progress(upload)).end();
  const file = await getFile(core, viewer, id);
  response.writeHead(200, headersOf(file, thumbnail)).end();
}

const progress = (file: File) => ({
  'Upload-Offset': file.readyAt ? file.size : file.received,
  'Upload-Length': file.size,
  'Tus-Resumable': '1.0.0',
  'Cache-Control': 'no-store',
});

async function send({ core, viewer, id, thumbnail, request, response }: FileRequest) {
  const file = await getFile(core, viewer, id);
  if (thumbnail && !file.placeholder) throw new AppError('NOT_FOUND', 'This file has no thumbnail.');
  const headers = headersOf(file, thumbnail);
  if (request.headers['if-none-match'] === headers.ETag) return void response.writeHead(304, headers).end();
  const range = thumbnail ? undefined : rangeOf(request.headers.range, file.size);
  if (range === null) return void response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
  const bytes = await readFile(core, thumbnail ? thumbnailKeyOf(file) : keyOf(file), range);
  response.writeHead(range ? 206 : 200, { ...headers, ...lengths(file, thumbnail, range) });
  // Who goes away in the middle has had enough.
  await pipeline(bytes, response).catch(() => response.destroy());
}

// Asked for anew each time, so that whoever may no longer see it does not; what is unchanged is not sent again.
function headersOf(file: File, thumbnail: boolean) {
  const shown = thumbnail || file.placeholder !== null;
  return {
    'Content-Type': thumbnail ? 'image/webp' : file.type,
    'Content-Disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encoded(file.name)}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, no-cache',
    ETag: `"${file.id}${thumbnail ? '-thumbnail' : ''}"`,
    'Accept-Ranges': 'bytes',
  };
}

function lengths(file: File, thumbnail: boolean, range: ByteRange | undefined) {
  if (thumbnail) return {};
  if (!range) return { 'Content-Length': file.size };
  return {
    'Content-Length': range.end - range.start + 1,
    'Content-Range': `bytes ${range.start}-${range.end}/${file.size}`,
  };
}

/** Undefined: everything; null: nothing that there is. */
function rangeOf(header: string | undefined, size: number): ByteRange | undefined | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (!first && !last) return undefined;
  const start = first ? Number(first) : Math.max(0, size - Number(last));
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  return start <= end ? { start, end } : null;
}

function wholeNumber(header: string | string[] | undefined): number {
  if (!/^\d{1,12}$/.test(String(header)))
    throw new AppError('INVALID_INPUT', 'Say in Upload-Offset where the bytes begin.');
  return Number(header);
}

function refuse(response: ServerResponse, { code, message, details }: AppError) {
  const { retryAfter } = details;
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  response.writeHead(HTTP_STATUS[code], retryAfter ? { ...headers, 'Retry-After': retryAfter } : headers);
  response.end(JSON.stringify({ detail: message, errors: [{ message, extensions: { code, ...details } }] }));
}

function otherwise(error: unknown): null {
  if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
  throw error;
}

const encoded = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
