import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { TokenError } from './auth/tokens.ts';
import { type Connections, openConnections } from './connections.ts';
import { type Credentials, viewerOf } from './context.ts';
import type { Core } from './core.ts';
import { acceptLegacySocket } from './legacy/socket.ts';
import { factsOf, isKnownHost, isOurs, type RequestFacts } from './requests.ts';
import type { Viewer } from './users/users.ts';
import { render, type Yoga } from './yoga.ts';

const FRAME = 64 * 1_024;
const SUBSCRIPTIONS = 50;

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket, spread over two seconds so that they do not all come back at once. */
  drain(): Promise<void>;
}

/** Both kinds of WebSocket on the one HTTP server: /graphql and /ws/chat/<room_id>/. */
export async function openSockets(core: Core, yoga: Yoga): Promise<Sockets> {
  const connections = await openConnections(core);
  const options = { noServer: true, maxPayload: FRAME, perMessageDeflate: false, clientTracking: false };
  const graphql = new WebSocketServer({ ...options, handleProtocols: (offered) => offered.has(PROTOCOL) && PROTOCOL });
  const legacy = new WebSocketServer(options);
  serveGraphQL(core, yoga, graphql, connections);
  return {
    upgrade: (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      const facts = factsOf(core.config, request);
      const path = new URL(request.url ?? '/', 'http://host').pathname;
      if (!isKnownHost(core.config, request.headers.host)) return refuse(socket, '400 Bad Request');
      if (!isOurs(core.config, request, facts)) return refuse(socket, '403 Forbidden');
      if (path === '/graphql') {
        return graphql.handleUpgrade(request, socket, head, (opened) => graphql.emit('connection', opened, request));
      }
      const roomId = /^\/ws\/chat\/([^/]+)\/?$/.exec(path)?.[1];
      if (!roomId) return refuse(socket, '404 Not Found');
      legacy.handleUpgrade(request, socket, head, (opened) => {
        void acceptLegacySocket(core, connections, opened, facts, roomId);
      });
    },
    drain: () => connections.drain(),
  };
}

const PROTOCOL = 'graphql-transport-ws';

interface Extra extends Record<PropertyKey, unknown> {
  socket: WebSocket;
  request: IncomingMessage;
  viewer?: Viewer | null;
  facts?: RequestFacts;
}

function serveGraphQL(core: Core, yoga: Yoga, server: WebSocketServer, connections: Connections) {
  server.on('connection', (socket) => connections.guard(socket));
  useServer<{ authorization?: unknown }, Extra>(
    {
      connectionInitWaitTimeout: 3_000,
      onConnect: async ({ connectionParams, extra }) => {
        extra.facts = factsOf(core.config, extra.request);
        const viewer = await connect(core, credentialsOf(extra.facts, connectionParams?.authorization));
        extra.viewer = viewer === 'refused' ? null : viewer;
        if (viewer === 'refused') extra.socket.close(4401, 'Your session has ended: refresh, then connect again.');
        else if (viewer && !connections.add(extra.socket, viewer, 4401)) extra.socket.close(4429, 'Too many sockets.');
      },
      onSubscribe: async ({ extra, subscriptions }, _id, params) => {
        if (Object.keys(subscriptions).length > SUBSCRIPTIONS) return [tooMany()];
        try {
          return await prepare(yoga, extra, params);
        } catch (error) {
          return [render(core, error)];
        }
      },
      execute: (args) => (args as Prepared).rootValue.execute(args),
      subscribe: (args) => (args as Prepared).rootValue.subscribe(args),
    },
    server,
    12_000,
  );
}

type Prepared = ExecutionArgs & {
  rootValue: { execute: typeof Function.prototype; subscribe: typeof Function.prototype };
};

// An error of the operation is answered as one, never by closing the socket.
async function prepare(
  yoga: Yoga,
  extra: Extra,
  params: { query: string; operationName?: string | null; variables?: object | null },
) {
  const caller = {
    viewer: extra.viewer ?? null,
    origin: { address: extra.facts?.address ?? '', label: extra.facts?.label ?? '' },
  };
  const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
    caller,
    cookies: null,
    params,
  });
  const document = parse(params.query);
  const errors = validate(schema, document);
  if (errors.length > 0) return errors.map((error: GraphQLError) => coded(error));
  return {
    schema,
    document,
    operationName: params.operationName,
    variableValues: params.variables,
    contextValue: await contextFactory(),
    rootValue: { execute, subscribe },
  };
}

function coded(error: GraphQLError): GraphQLError {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(error.message, {
    nodes,
    source,
    positions,
    path,
    extensions: { code: 'INVALID_INPUT', ...error.extensions },
  });
}

const tooMany = () =>
  new GraphQLError(`A socket carries at most ${SUBSCRIPTIONS} operations at a time.`, {
    extensions: { code: 'RATE_LIMITED' },
  });

function credentialsOf(facts: RequestFacts, authorization: unknown): Credentials {
  const bearer = typeof authorization === 'string' ? /^Bearer (.+)$/i.exec(authorization)?.[1] : undefined;
  return bearer ? { cookie: undefined, bearer } : facts.credentials;
}

async function connect(core: Core, credentials: Credentials): Promise<Viewer | null | 'refused'> {
  return viewerOf(core, credentials).catch((error) => {
    if (error instanceof TokenError) return 'refused' as const;
    throw error;
  });
}

function refuse(socket: Duplex, status: string) {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
