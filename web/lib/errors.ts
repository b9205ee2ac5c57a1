export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'NETWORK';

interface GraphQLProblem {
  message: string;
  extensions?: Record<string, unknown>;
}

/** A sentence to show to a person. Empty when there is no error. */
export function errorSentence(error: unknown): string {
  const code = errorCode(error);
  if (!code) return '';
  if (code === 'RATE_LIMITED') return rateSentence(retryAfter(error));
  // That it waits for room only the server can say; of a server that is busy the page knows more.
  if (firstProblem(error)?.extensions?.reason === 'STORAGE_FULL') return firstProblem(error)?.message ?? '';
  return OWN_SENTENCES[code] ?? firstProblem(error)?.message ?? SOMETHING_WRONG;
}

/** An error of the page's own, in the form of the server's. */
export const refusal = (code: ErrorCode, message: string): GraphQLProblem[] => [{ message, extensions: { code } }];

/** The code of the first GraphQL error; NETWORK when no answer came; undefined when there is no error. */
export function errorCode(error: unknown): ErrorCode | undefined {
  if (!error) return undefined;
  const problem = firstProblem(error);
  if (!problem) return 'NETWORK';
  return (problem.extensions?.code as ErrorCode | undefined) ?? 'INTERNAL_SERVER_ERROR';
}

/** What a refusal of that code is about, where the server says. */
export const errorReason = (error: unknown) => firstProblem(error)?.extensions?.reason;

/** What INVALID_INPUT says of each field; empty for every other error. */
export function fieldErrors(error: unknown): Record<string, string[]> {
  return (firstProblem(error)?.extensions?.fields as Record<string, string[]> | undefined) ?? {};
}

/** The seconds that RATE_LIMITED asks to wait; 0 for every other error. */
export function retryAfter(error: unknown): number {
  const seconds = Number(firstProblem(error)?.extensions?.retryAfter);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

/** Whether asking again cannot help: the server understood and refused. */
export function isFinal(code: ErrorCode | undefined): boolean {
  return code === 'NOT_FOUND' || code === 'FORBIDDEN' || code === 'INVALID_INPUT' || code === 'CONFLICT';
}

/** Whether there is no use in asking again with this session. */
export function isRefusal(error: unknown): boolean {
  const code = errorCode(error);
  return isFinal(code) || code === 'UNAUTHENTICATED';
}

const SOMETHING_WRONG = 'Something went wrong on the server. Try again in a moment.';
const OWN_SENTENCES: Partial<Record<ErrorCode, string>> = {
  NETWORK: 'The server cannot be reached. Check the connection and try again.',
  UNAVAILABLE: 'The server is busy. Try again in a moment.',
  INTERNAL_SERVER_ERROR: SOMETHING_WRONG,
  GRAPHQL_VALIDATION_FAILED: 'This page is older than the server. Reload it.',
};

function rateSentence(seconds: number) {
  if (!seconds) return 'That was too often. Try again in a moment.';
  const minutes = Math.ceil(seconds / 60);
  const wait = seconds < 60 ? `${Math.ceil(seconds)} s` : `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  return `That was too often. Try again in ${wait}.`;
}

function firstProblem(error: unknown): GraphQLProblem | undefined {
  if (Array.isArray(error)) return error[0];
  if (typeof error !== 'object' || error === null) return undefined;
  if ('graphQLErrors' in error) return (error.graphQLErrors as GraphQLProblem[])[0];
  return 'extensions' in error ? (error as GraphQLProblem) : undefined;
}
