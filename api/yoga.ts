import { type ExecutionArgs, GraphQLError, getOperationAST, parse } from 'graphql';
import { createYoga, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type Context, createContext } from './context.ts';
import type { Core } from './core.ts';
import { causeOf, isForeignKeyViolation, isUnavailable } from './db/driverErrors.ts';
import { documentLimits, MOST_TOKENS } from './documentLimits.ts';
import { AppError, goneMeanwhile } from './errors.ts';
import { toldOf } from './limits.ts';
import { schema } from './schema.ts';
import { refuseTokens } from './tokenReach.ts';
import { leaveTrail, noteOutage, noteRefusal, trailOf } from './trails.ts';

const EXECUTION = 5_000;

export type Yoga = ReturnType<typeof createGraphQL>;

/** The GraphQL server: plugins in the order in which they act. The caller gives each request its context. */
export function createGraphQL(core: Core) {
  return createYoga<{ caller: Context['caller']; cookies: Context['cookies'] }, Context>({
    schema,
    context: ({ caller, cookies }) => createContext(core, caller, cookies),
    plugins: [limitDocuments, limitTokens(core), leaveTrails, tellLimits, limitTime, subscribeOverSockets],
    maskedErrors: { maskError: (error) => render(core, error) },
    logging: false,
    landingPage: false,
    graphiql: false,
    cors: false,
    batching: false,
    multipart: false,
  });
}

/** An error as the outside sees it: AppErrors and the caller's mistakes as they are, all else masked and logged. */
export function render(core: Core, error: unknown): GraphQLError {
  const wrapped = error instanceof GraphQLError ? error : undefined;
  const cause = wrapped ? (wrapped.originalError ?? wrapped) : error;
  const told = isForeignKeyViolation(cause) ? goneMeanwhile() : cause;
  if (told instanceof AppError) {
    noteRefusal(core.log, told.code, fieldOf(wrapped), trailOf(cause));
    return as(wrapped, told.message, { code: told.code, ...told.details });
  }
  if (cause instanceof GraphQLError) return as(cause, cause.message, { ...telling(cause), code: 'INVALID_INPUT' });
  if (isUnavailable(cause)) {
    noteOutage(core.log, causeOf(cause), trailOf(cause));
    return as(wrapped, 'The server cannot reach its database. Try again in a moment.', { code: 'UNAVAILABLE' });
  }
  core.log.error('graphql.bug', { error: cause, field: fieldOf(wrapped), ...trailOf(cause) });
  return as(wrapped, 'Something went wrong on the server. Try again.', { code: 'INTERNAL_SERVER_ERROR' });
}

// As the schema has it: a path would have the names that the client chose.
function fieldOf(error: GraphQLError | undefined): string | undefined {
  const [node] = error?.nodes ?? [];
  return node?.kind === 'Field' ? node.name.value : undefined;
}

function as(error: GraphQLError | undefined, message: string, extensions: Record<string, unknown>): GraphQLError {
  const { nodes, source, positions, path } = error ?? {};
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

// The library adds what the client sent, under a name and a code of its own, when a body is no JSON; and would answer 200.
function telling({ extensions: { originalError, ...rest } }: GraphQLError) {
  return originalError ? { ...rest, http: { status: 400 } } : rest;
}

const limitDocuments: Plugin = {
  onParse: ({ setParseFn }) =>
    setParseFn((source: string, options: object) => parse(source, { ...options, maxTokens: MOST_TOKENS })),
  onValidate: ({ addValidationRule }) => {
    addValidationRule(documentLimits);
    return ({ valid, result }) => {
      if (valid) return;
      for (const { extensions } of result as GraphQLError[]) extensions.code = 'INVALID_INPUT';
    };
  },
};

// Before anything is executed. A stream that was shared is one that every token may read.
const limitTokens = (core: Core): Plugin<Context> => {
  const refuse: Plugin<Context>['onExecute'] = ({ args, setResultAndStopExecution }) => {
    try {
      refuseTokens(args.contextValue.caller.viewer, args.schema, args.document);
    } catch (error) {
      setResultAndStopExecution({ errors: [render(core, error)] });
    }
  };
  return { onExecute: refuse };
};

// Before errors are rendered.
const leaveTrails: Plugin<Context> = {
  onExecute: ({ args }) => ({ onExecuteDone: ({ result }) => trace(result, args.contextValue) }),
  onSubscribe: ({ args }) => ({ onSubscribeResult: ({ result }) => trace(result, args.contextValue) }),
};

function trace(result: unknown, { caller }: Context) {
  const { errors = [] } = result as { errors?: GraphQLError[] };
  for (const error of errors) {
    leaveTrail(error.originalError ?? error, { request: caller.request, user: caller.viewer?.id ?? null });
  }
}

// What the operation has used up stands in its answer, over both transports.
const tellLimits: Plugin<Context> = {
  onExecute: ({ args }) => ({
    onExecuteDone: ({ result, setResult }) => {
      const { allowances } = args.contextValue.caller;
      if (allowances.length === 0 || isAsyncIterable(result)) return;
      setResult({ ...result, extensions: { ...result.extensions, rateLimits: allowances.map(toldOf) } });
    },
  }),
};

const limitTime: Plugin = {
  onExecute: ({ executeFn, setExecuteFn }) =>
    setExecuteFn(async (args) => {
      if (isUnhurried(args)) return executeFn(args);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((_, reject) => {
        timer = setTimeout(
          () => reject(new AppError('UNAVAILABLE', 'This took too long. Try again in a moment.')),
          EXECUTION,
        );
      });
      return Promise.race([executeFn(args), late]).finally(() => clearTimeout(timer));
    }),
};

// What must not be left half done takes its time.
function isUnhurried({ schema, document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName);
  const fields = operation?.operation === 'mutation' ? schema.getMutationType()?.getFields() : undefined;
  const named =
    operation?.selectionSet.selections.map((field) => (field.kind === 'Field' ? field.name.value : '')) ?? [];
  return named.some((name) => fields?.[name]?.extensions.unhurried);
}

// A stream over HTTP would outlive the session that opened it; sockets are closed with theirs.
const subscribeOverSockets: Plugin<Context> = {
  onSubscribe: ({ args, setResultAndStopExecution }) => {
    if (!args.contextValue.cookies) return;
    const message = 'Subscribe over a WebSocket with the graphql-transport-ws protocol, on this same path.';
    setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions: { code: 'INVALID_INPUT' } })] });
  },
};
