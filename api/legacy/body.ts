import { invalid } from '../errors.ts';
import { Refusal } from './refusals.ts';
import type { LegacyRequest } from './routes.ts';

/** The fields of a request: of a JSON object, or of a form. */
export function bodyOf({ contentType, body }: LegacyRequest): Record<string, unknown> {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body.toString()));
  if (type === '' || type === 'application/json') return parseJson(body);
  throw new Refusal(415, { detail: `Unsupported media type "${type}" in request.` });
}

/** One field as text, undefined when it is missing or null. Numbers are taken for their digits. */
export function textOf(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw invalid({ [name]: ['Not a valid string.'] });
}

function parseJson(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  const value = decodeJson(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken('expected an object');
  return value as Record<string, unknown>;
}

function decodeJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw broken((error as Error).message);
  }
}

const broken = (reason: string) => new Refusal(400, { detail: `JSON parse error - ${reason}` });
