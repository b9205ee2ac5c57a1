import type { Core } from '../core.ts';
import { AppError, HTTP_STATUS } from '../errors.ts';
import { type Allowance, limitHeaders } from '../limits.ts';
import { postByWebhook } from './incoming.ts';

const PATH = /^\/hooks\/([\w-]{1,100})$/;
const LONGEST_KEY = 200;

export interface HookRequest {
  method: string;
  path: string;
  contentType: string;
  idempotencyKey: string | undefined;
  bearer: string | undefined;
  body: Buffer;
}

export interface HookAnswer {
  status: number;
  headers: Record<string, string>;
  body: object;
}

/**
 * POST /hooks/SECRET, or /hooks with the secret as Bearer, which no log of a proxy has, posts a message: JSON with a `text`, whatever type curl gives it, a form with one, or plain text.
 * With an Idempotency-Key a retry posts nothing more. Null when the path is another.
 */
export async function answerHook(core: Core, request: HookRequest): Promise<HookAnswer | null> {
  const token = request.path === '/hooks' ? (request.bearer ?? '') : PATH.exec(request.path)?.[1];
  if (token === undefined) return null;
  if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' }, body: told('Post to a webhook.') };
  const allowances: Allowance[] = [];
  try {
    const { id, seq } = await core.admission.requests.run(async () =>
      postByWebhook(core, token, textIn(request), keyIn(request), { allowances }),
    );
    return { status: 200, headers: limitHeaders(allowances), body: { id, seq } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, details } = error;
    return { status: HTTP_STATUS[code], headers: limitHeaders(allowances), body: told(message, { code, ...details }) };
  }
}

function textIn({ contentType, body }: HookRequest): unknown {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  const text = decoded(body);
  if (type === 'text/plain') return text;
  if (!['', 'application/json', 'application/x-www-form-urlencoded'].includes(type))
    throw new AppError('INVALID_INPUT', 'Send JSON with a text, or plain text.');
  const isForm = type.endsWith('urlencoded') && !text.trimStart().startsWith('{');
  return isForm ? (new URLSearchParams(text).get('text') ?? undefined) : textOfJson(text);
}

function textOfJson(text: string): unknown {
  try {
    return (JSON.parse(text) as { text?: unknown } | null)?.text;
  } catch {
    throw new AppError('INVALID_INPUT', 'This is not JSON. Send {"text": "…"}, or plain text as text/plain.');
  }
}

function decoded(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new AppError('INVALID_INPUT', 'Send the text as UTF-8.');
  }
}

function keyIn({ idempotencyKey }: HookRequest): string | undefined {
  if (idempotencyKey === undefined || (idempotencyKey && idempotencyKey.length <= LONGEST_KEY)) return idempotencyKey;
  throw new AppError('INVALID_INPUT', `An Idempotency-Key has 1 to ${LONGEST_KEY} characters.`);
}

const told = (message: string, extensions: object = { code: 'INVALID_INPUT' }) => ({
  detail: message,
  errors: [{ message, extensions }],
});
