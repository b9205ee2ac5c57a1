import { type DocumentNode, type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';

// Compiling costs as much as some hundred executions: it is for documents that are used.
const OFTEN = 100;

type Compiled = (rootValue: unknown, context: unknown, variables: ExecutionArgs['variableValues']) => unknown;

/** Executes one operation of a document again and again: interpreted at first, compiled once it is used often. */
export class SharedDocument {
  private compiled: Compiled | null = null;
  private executions = 0;

  constructor(private readonly operation: ExecutionArgs) {}

  /** As `execute`, at once: a field that is resolved later is a mistake in the schema. */
  execute(rootValue: unknown, variableValues: ExecutionArgs['variableValues']): ExecutionResult {
    if (++this.executions === OFTEN) this.compiled = compile(this.operation);
    const result = this.compiled?.(rootValue, this.operation.contextValue, variableValues ?? {}) as ExecutionResult;
    if (result && !result.errors && !isPromise(result)) return result;
    return atOnce(execute({ ...this.operation, rootValue, variableValues }));
  }
}

/** Gives every document that is in use its one executor for each of its operations. */
export function sharedDocuments() {
  const known = new WeakMap<DocumentNode, Map<string, SharedDocument>>();
  return (operation: ExecutionArgs): SharedDocument => {
    const named = known.get(operation.document) ?? new Map<string, SharedDocument>();
    known.set(operation.document, named);
    const name = operation.operationName ?? '';
    const found = named.get(name) ?? new SharedDocument(operation);
    named.set(name, found);
    return found;
  };
}

function compile({ schema, document, operationName }: ExecutionArgs): Compiled | null {
  const made = compileQuery(schema, document, operationName ?? undefined);
  return isCompiledQuery(made) ? made.query : null;
}

function atOnce(result: ExecutionResult | PromiseLike<ExecutionResult>): ExecutionResult {
  if (isPromise(result)) throw new Error('a field of a shared subscription was not resolved at once');
  return result;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown>).then === 'function';
