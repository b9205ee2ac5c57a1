import type { AddressInfo } from 'node:net';
import type { TypedDocumentNode } from '@urql/core';
import { parse } from 'graphql';
import { WebSocket, WebSocketServer } from 'ws';
import { createLive, type LiveOptions } from '../../web/lib/supervisor';
import { until } from './patience';

export interface Operation {
  id: string;
  variables: Record<string, unknown>;
  socket: WebSocket;
  next(data: unknown): void;
  errors(code: string, asResult?: boolean): void;
  complete(): void;
}

/** The other end of graphql-transport-ws, which does only what the test says. */
export function startServer() {
  const wss = new WebSocketServer({ port: 0, handleProtocols: () => 'graphql-transport-ws' });
  const { port } = wss.address() as AddressInfo;
  const server = {
    operations: [] as Operation[],
    sockets: new Set<WebSocket>(),
    opened: 0,
    answersPings: true,
    onOperation: (_operation: Operation) => {},
    onFrame: (_frame: { type: string }) => {},
    url: () => `ws://127.0.0.1:${port}`,
    newest: () => server.operations.at(-1) as Operation,
    operationsReach: (count: number) => until(() => server.operations[count - 1] ?? fail()),
    drop: (code?: number) => {
      for (const socket of server.sockets) code ? socket.close(code) : socket.terminate();
    },
    close: () => {
      server.drop();
      wss.close();
    },
  };
  wss.on('connection', (socket) => {
    server.opened += 1;
    server.sockets.add(socket);
    socket.on('close', () => server.sockets.delete(socket));
    socket.on('message', (text) => onMessage(socket, JSON.parse(String(text))));
  });

  function onMessage(
    socket: WebSocket,
    message: { type: string; id: string; payload: { variables: Record<string, unknown> } },
  ) {
    server.onFrame(message);
    const send = (type: string, payload?: unknown) => socket.send(JSON.stringify({ type, id: message.id, payload }));
    if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (message.type === 'ping' && server.answersPings) socket.send('{"type":"pong"}');
    if (message.type !== 'subscribe') return;
    const operation: Operation = {
      id: message.id,
      variables: message.payload.variables,
      socket,
      next: (data) => send('next', { data }),
      errors: (code, asResult) => {
        const errors = [{ message: code, extensions: { code } }];
        if (asResult) send('next', { data: null, errors });
        else send('error', errors);
      },
      complete: () => send('complete'),
    };
    server.operations.push(operation);
    server.onOperation(operation);
  }
  return server;
}

export const startLive = (url: () => string, refresh: LiveOptions['refresh'] = async () => 'renewed') =>
  createLive({ url, refresh, webSocketImpl: WebSocket });

export const document = <Result, Variables>(text: string) =>
  parse(text) as unknown as TypedDocumentNode<Result, Variables>;

function fail(): never {
  throw new Error('not yet');
}
