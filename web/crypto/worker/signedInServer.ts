import { fetchSignedIn, refreshSession } from '../../lib/session.ts';
import { ServerError } from '../device/errors.ts';
import { type Ask, serverError } from '../device/graphqlServer.ts';

/** Asks the server that this page came from, as whoever is signed in here; a session that has run out is renewed first. */
export const askSignedIn: Ask = async (document, variables) => {
  const data = await asked(document, variables);
  if (data.viewer !== null) return data;
  const again = (await refreshSession()) === 'renewed' ? await asked(document, variables) : data;
  if (again.viewer === null) throw new ServerError('UNAUTHENTICATED', 'Nobody is signed in here any more.');
  return again;
};

async function asked(query: string, variables: object) {
  const { data, errors } = await answered(query, variables);
  if (errors || !data) throw serverError(errors);
  return data;
}

/** What is no answer of the API, such as of a server between, is as good as none. */
async function answered(query: string, variables: object) {
  try {
    const response = await fetchSignedIn('/graphql', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  } catch {
    return {};
  }
}

/** The bytes of a file as the server has them. */
export async function fetchFile(address: string): Promise<ReadableStream<Uint8Array>> {
  let response = await reached(address);
  if (response.status === 401 && (await refreshSession()) === 'renewed') response = await reached(address);
  if (response.ok && response.body) return response.body;
  const { errors } = await response.json().catch(() => ({}));
  throw serverError(errors);
}

const reached = (address: string) =>
  fetch(address, { credentials: 'same-origin' }).catch(() => {
    throw serverError(undefined);
  });
