import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST } from 'graphql';
import { type WebSocket, WebSocketServer } from 'ws';
import { TokenError } from './auth/tokens.ts';
import { type Connections, openConnections } from './connections.ts';
import { type Credentials, callerOf, viewerOf } from './context.ts';
import type { Core } from './core.ts';
import { speakGraphQL, type Wire } from './graphqlSocket.ts';
import { acceptLegacySocket } from './legacy/socket.ts';
import { SharedSocket } from './realtime/sharedSocket.ts';
import { factsOf, isKnownHost, isOurs, type RequestFacts } from './requests.ts';
import { createSharedExecution, type SharedOperation, sharedKey } from './sharedExecution.ts';
import { SECURITY_HEADERS } from './static.ts';
import { noteRefusal } from './trails.ts';
import { Pace } from './turns.ts';
import type { Viewer } from './users/users.ts';
import { render, type Yoga } from './yoga.ts';

const FRAME = 64 * 1_024;
const SUBSCRIPTIONS = 50;
/** How many are opened in one turn of the event loop. */
const UPGRADES = 32;

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How many are open. */
  size(): number;
  /** The sessions that have one. */
  sessions(): string[];
  /** How many of them nobody has signed in on. */
  strangers(): number;
  /** How many bytes wait to be written. */
  waiting(): number;
  /** How many were cut so far, and why. */
  readonly cut: Connections['cut'];
  /** Closes every socket, spread over two seconds so that they do not all come back at once. */
  drain(): Promise<void>;
}

/** Both kinds of WebSocket on the one HTTP server: /graphql and /ws/chat/<room_id>/. */
export async function openSockets(core: Core, yoga: Yoga): Promise<Sockets> {
  const connections = await openConnections(core);
  const options = {
    noServer: true,
    maxPayload: FRAME,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
  };
  const handleProtocols = (offered: Set<string>) => offered.has(PROTOCOL) && PROTOCOL;
  const graphql = new WebSocketServer({ ...options, WebSocket: SharedSocket, handleProtocols });
  const legacy = new WebSocketServer(options);
  const serve = serveGraphQL(core, yoga, connections);
  const pace = new Pace(UPGRADES);
  return {
    upgrade: (request, socket, head) => {
      socket.on('error', destroyIt);
      pace.do(() => socket.destroyed || open(request, socket, head));
    },
    size: () => connections.size(),
    sessions: connections.sessions,
    strangers: () => connections.strangers(),
    waiting: () => connections.waiting(),
    cut: connections.cut,
    drain: () => connections.drain(),
  };

  function open(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const facts = factsOf(core.config, request);
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (!isKnownHost(core.config, request)) return refuse(socket, '400 Bad Request');
    if (!isOurs(core.config, request, facts)) return foreign(core, socket, facts);
    const roomId = core.config.oldRoutes ? /^\/ws\/chat\/([^/]+)\/?$/.exec(path)?.[1] : undefined;
    if (path !== '/graphql' && !roomId) return refuse(socket, '404 Not Found');
    const full = connections.refusal(facts.network);
    if (full) return refuse(socket, full, { 'Retry-After': 1 + Math.floor(Math.random() * 5) });
    if (!roomId) return graphql.handleUpgrade(request, socket, head, (opened) => serve(opened, facts));
    legacy.handleUpgrade(request, socket, head, (opened) => {
      void acceptLegacySocket(core, connections, opened, facts, roomId);
    });
  }
}

function foreign(core: Core, socket: Duplex, { request }: RequestFacts) {
  core.log.info('origin.refused', { request });
  refuse(socket, '403 Forbidden');
}

// A listener that is made in the place would keep the request for as long as the socket lasts.
function destroyIt(this: Duplex) {
  this.destroy();
}

const PROTOCOL = 'graphql-transport-ws';

interface Extra extends Wire {
  socket: SharedSocket;
  facts: RequestFacts;
  viewer?: Viewer | null;
}

function serveGraphQL(core: Core, yoga: Yoga, connections: Connections) {
  const subscribeShared = createSharedExecution(core, core.deliveries);
  const speak = speakGraphQL<{ authorization?: unknown }, Extra>(core, {
    connectionInitWaitTimeout: 3_000,
    onConnect: async (context) => {
      await admit(core, connections, context.extra, context.connectionParams?.authorization);
      forgetCredentials(context);
      // Ids are the client's: none may be taken from the beginning, such as "constructor".
      Object.setPrototypeOf(context.subscriptions, null);
    },
    onSubscribe: async ({ extra, subscriptions }, id, params) => {
      if (extra.socket.readyState !== extra.socket.OPEN) return [closing()];
      if (Object.keys(subscriptions).length > SUBSCRIPTIONS) return [tooMany()];
      try {
        return await prepare(core, yoga, extra, id, params);
      } catch (error) {
        return [render(core, error)];
      }
    },
    execute: (args) => {
      const { rootValue, socket, reads } = args as Prepared;
      const act = () => rootValue.execute(args);
      return reads ? inTurn(core, socket, act) : answered(core, act);
    },
    subscribe: (args) => {
      const { shared, rootValue, socket } = args as Prepared;
      if (!shared) return inTurn(core, socket, () => rootValue.subscribe(args));
      Object.assign(args, FORGOTTEN);
      return inTurn(core, socket, () => subscribeShared(shared));
    },
  });
  return (socket: SharedSocket, facts: RequestFacts) => {
    connections.guard(socket, facts.network);
    speak({ socket, facts });
  };
}

// Whoever is not let in learns it from the code of the closing: what is thrown here, the library would tell the client.
async function admit(core: Core, connections: Connections, extra: Extra, authorization: unknown): Promise<void> {
  try {
    await core.admission.connections.run(() => enter(core, connections, extra, authorization));
  } catch (error) {
    if (!(error instanceof TokenError)) return extra.socket.close(1013, render(core, error).message);
    noteRefusal(core.log, 'UNAUTHENTICATED', 'socket', { request: extra.facts.request });
    extra.socket.close(4401, 'Your session has ended: refresh, then connect again.');
  }
}

// Who has hung up while waiting costs nothing more.
async function enter(core: Core, connections: Connections, extra: Extra, authorization: unknown): Promise<void> {
  const { socket, facts } = extra;
  if (socket.readyState !== socket.OPEN) return;
  extra.viewer = await viewerOf(core, credentialsOf(facts, authorization));
  if (!extra.viewer || connections.add(socket, extra.viewer, 4401)) return;
  noteRefusal(core.log, 'RATE_LIMITED', 'socket', { request: facts.request, user: extra.viewer.id });
  socket.close(4429, 'Too many sockets of one person.');
}

// They have been looked at, and would stay for as long as the socket lasts.
function forgetCredentials(context: { readonly connectionParams?: unknown; extra: Extra }) {
  const { facts } = context.extra;
  Object.assign(context, { connectionParams: undefined });
  context.extra.facts = { ...facts, credentials: { cookie: undefined, bearer: undefined }, refreshToken: undefined };
}

async function inTurn<Result>(
  core: Core,
  socket: WebSocket,
  begin: () => Result | Promise<Result>,
): Promise<Result | ExecutionResult> {
  return answered(core, () =>
    core.admission.openings.run(async () => (socket.readyState === socket.OPEN ? begin() : { errors: [closing()] })),
  );
}

// What is thrown would end the socket with everything on it.
async function answered<Result>(core: Core, act: () => Result | Promise<Result>): Promise<Result | ExecutionResult> {
  try {
    return await act();
  } catch (error) {
    return { errors: [render(core, error)] };
  }
}

// What began a shared subscription is kept by graphql-ws until it ends, and nobody looks at it again.
const FORGOTTEN = { contextValue: undefined, rootValue: undefined, variableValues: undefined, shared: null };

type Prepared = ExecutionArgs & {
  socket: SharedSocket;
  shared: SharedOperation | null;
  /** Whether it changes nothing. */
  reads: boolean;
  rootValue: { execute: typeof Function.prototype; subscribe: typeof Function.prototype };
};

// An error of the operation is answered as one, never by closing the socket.
async function prepare(
  core: Core,
  yoga: Yoga,
  extra: Extra,
  operationId: string,
  params: { query: string; operationName?: string | null; variables?: object | null },
) {
  const { network: address, label, origin: site, request } = extra.facts;
  const caller = callerOf(extra.viewer ?? null, { address, label, site }, request);
  const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
    caller,
    cookies: null,
    params,
  });
  const document = parse(params.query);
  const errors = validate(schema, document);
  if (errors.length > 0) return errors.map((error: GraphQLError) => render(core, error));
  const kind = getOperationAST(document, params.operationName)?.operation;
  if (!kind) return [unknownOperation()];
  const operation = {
    schema,
    document,
    operationName: params.operationName,
    variableValues: params.variables as Record<string, unknown> | null | undefined,
    contextValue: await contextFactory(),
  };
  const key = sharedKey(operation, params.query);
  const shared = key === null ? null : { ...operation, key, operationId, socket: extra.socket };
  if (shared) params.query = '';
  return { ...operation, socket: extra.socket, shared, reads: kind !== 'mutation', rootValue: { execute, subscribe } };
}

const unknownOperation = () =>
  new GraphQLError('The document has no operation of this name.', { extensions: { code: 'INVALID_INPUT' } });

// Between the server's goodbye and the client's answer nothing is done any more.
const closing = () => new GraphQLError('This socket is closing.', { extensions: { code: 'UNAVAILABLE' } });

const tooMany = () =>
  new GraphQLError(`A socket carries at most ${SUBSCRIPTIONS} operations at a time.`, {
    extensions: { code: 'RATE_LIMITED' },
  });

function credentialsOf(facts: RequestFacts, authorization: unknown): Credentials {
  const bearer = typeof authorization === 'string' ? /^Bearer (.+)$/i.exec(authorization)?.[1] : undefined;
  return bearer ? { cookie: undefined, bearer } : facts.credentials;
}

/** Answers what is no request that a response could be made for. */
export function refuse(socket: Duplex, status: string, more: Record<string, string | number> = {}) {
  const headers = { ...SECURITY_HEADERS, ...more, Connection: 'close', 'Content-Length': 0 };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // For as long as the other side kept it open, what reads from it would wait, and so would the end of the server.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`);
}
