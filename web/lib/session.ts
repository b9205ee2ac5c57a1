export type RefreshOutcome = 'renewed' | 'signed-out' | 'unreachable';

const PATIENCE = 20_000;
const REFRESH = 'mutation RefreshSession { refresh { accessTokenExpiresAt } }';

/** Calls back when the server no longer accepts this session. Gives a function that stops it. */
export function onSignedOut(callback: () => void): () => void {
  signedOutCallbacks.add(callback);
  return () => signedOutCallbacks.delete(callback);
}

/** Renews the session from its cookie. Callers at the same time share one request. */
export function refreshSession(): Promise<RefreshOutcome> {
  refreshing ??= refresh().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

const signedOutCallbacks = new Set<() => void>();
let refreshing: Promise<RefreshOutcome> | undefined;

/** As fetch, with the session's cookies and not for ever. An expired session is renewed once on the way. */
export async function fetchSignedIn(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetchInTime(input, init);
  if (!(await isUnauthenticated(response)) || (await refreshSession()) !== 'renewed') return response;
  return fetchInTime(input, init);
}

async function refresh(): Promise<RefreshOutcome> {
  try {
    const response = await fetchInTime('/graphql', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: REFRESH }),
    });
    const { data, errors } = await response.json();
    if (data?.refresh) return 'renewed';
    if (errors?.[0]?.extensions?.code !== 'UNAUTHENTICATED') return 'unreachable';
  } catch {
    return 'unreachable';
  }
  for (const callback of signedOutCallbacks) callback();
  return 'signed-out';
}

async function isUnauthenticated(response: Response) {
  const text = await response.clone().text();
  if (!text.includes('"UNAUTHENTICATED"')) return false;
  const [error] = JSON.parse(text).errors ?? [];
  // A wrong password has this code too, and is not to be tried twice.
  return error?.extensions?.code === 'UNAUTHENTICATED' && error.path?.[0] !== 'logIn';
}

function fetchInTime(input: RequestInfo | URL, init?: RequestInit) {
  const timeout = AbortSignal.timeout(PATIENCE);
  const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  return fetch(input, { ...init, signal });
}
