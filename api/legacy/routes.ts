import type { CookieJar } from '../context.ts';
import type { Core } from '../core.ts';
import type { RequestFacts } from '../requests.ts';

export interface LegacyRequest {
  method: string;
  /** Without the query. */
  path: string;
  contentType: string;
  body: Buffer;
  facts: RequestFacts;
  cookies: CookieJar;
}
export interface LegacyAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** The answer of a documented route; null when the path is none of them. */
export async function answerLegacy(_core: Core, _request: LegacyRequest): Promise<LegacyAnswer | null> {
  return null;
}
