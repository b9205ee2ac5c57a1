/*
 * Stands in for the parser and printer that urql brings along. The build has already put every operation in place as
 * text (vite.documents.ts), so that all urql still needs to learn of it is its name.
 */
export const Kind = { OPERATION_DEFINITION: 'OperationDefinition' };

export function parse(body: string) {
  const name = { value: /\w+ (\w+)/.exec(body)?.[1] };
  return { kind: 'Document', definitions: [{ kind: Kind.OPERATION_DEFINITION, name }], loc: { source: { body } } };
}

export function print(): never {
  throw new Error('Documents are text here');
}

export class GraphQLError extends Error {
  constructor(
    message: string,
    _nodes: unknown,
    _source: unknown,
    _positions: unknown,
    readonly path: unknown,
    _original: unknown,
    readonly extensions: Record<string, unknown> = {},
  ) {
    super(message);
  }
}
