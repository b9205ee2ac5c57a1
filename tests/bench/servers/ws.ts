import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { answerCalls } from '../calls.ts';
import { listenForOrders } from '../control.ts';
import { nextMessage, SHORT } from '../payload.ts';

// One string, made once, handed to `ws` for every member.
const rooms = new Map<number, Set<WebSocket>>();
let seq = 0;

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false, backlog: 4_096 });
sockets.on('connection', (socket, { url = '' }) => {
  const room = Number(new URL(url, 'http://node').searchParams.get('room'));
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(socket));
  socket.on('close', () => members.delete(socket)).on('error', () => socket.terminate());
});

let body = SHORT;
function publish(room: number) {
  const text = nextMessage(`room-${room}`, ++seq, body);
  for (const socket of rooms.get(room) ?? []) socket.send(text);
}

answerCalls({
  start: async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    const orders = await listenForOrders(() => rooms.size, publish);
    return { kind: 'plain', port: (server.address() as AddressInfo).port, orders };
  },
  say: ({ text }) => {
    body = text;
  },
  clear: () => rooms.clear(),
});
