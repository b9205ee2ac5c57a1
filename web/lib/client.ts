import { Client, fetchExchange } from '@urql/core';
import { fetchSignedIn } from './session';

/** Transport and typed operations over HTTP, with nothing cached. An expired session is renewed once on the way. */
export const client = new Client({
  url: '/graphql',
  preferGetMethod: false,
  requestPolicy: 'network-only',
  exchanges: [fetchExchange],
  fetchOptions: { credentials: 'same-origin' },
  fetch: fetchSignedIn,
});
