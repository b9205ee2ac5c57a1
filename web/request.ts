import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { AnyVariables, OperationResult } from '@urql/core';
import { client } from './lib/client';
import { refreshSession } from './lib/session';
import { stored } from './ui/stored';

const REMEMBERED = 'signed-in';

/** Whether someone was signed in here when this page was last open. The cookies themselves cannot be read. */
export const remembered = {
  get: () => stored.get(REMEMBERED) !== null,
  set: (signedIn: boolean) => stored.set(REMEMBERED, signedIn ? 'yes' : null),
};

/** A query. When it was answered as if nobody asked, the session had run out: it is renewed, and the query asked again. */
export async function ask<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const send = async () => dataOf(await client.query(document, variables).toPromise());
  const data = await send();
  if (!isNobody(data) || !remembered.get() || (await refreshSession()) !== 'renewed') return data;
  return send();
}

/** A mutation. */
export async function act<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return dataOf(await client.mutation(document, variables).toPromise());
}

function dataOf<Data>({ data, error }: OperationResult<Data>): Data {
  if (error) throw error;
  if (!data) throw new Error('The answer is empty');
  return data;
}

const isNobody = (data: unknown) => (data as { viewer?: unknown }).viewer === null;
