import { getOperationAST, parse } from 'graphql';

/** The same as a line for a shell that knows $SHH, the address of the server, and $TOKEN; null for what goes over a socket. */
export function curlOf(document: string, variables: string | undefined): string | null {
  if (getOperationAST(parse(document))?.operation === 'subscription') return null;
  const query = JSON.stringify(
    document
      .replace(/^#.*\n/gm, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const body = variables ? `{"query": ${query}, "variables": ${variables}}` : `{"query": ${query}}`;
  const headers = `-H "authorization: Bearer $TOKEN" -H 'content-type: application/json'`;
  return `curl $SHH/graphql ${headers} -d '${body.replaceAll("'", "'\\''")}'`;
}
