import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { answerCalls } from '../calls.ts';
import { listenForOrders } from '../control.ts';
import { resultOf, SHORT } from '../payload.ts';

// As its documentation has it: rooms, and a broadcast to one of them.
const server = createServer();
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, httpCompression: false });
const rooms = new Set<string>();
let seq = 0;
let body = SHORT;

io.on('connection', (socket) => {
  socket.on('join', (room: string, done: () => void) => {
    void socket.join(room);
    rooms.add(room);
    done();
  });
});

function publish(room: number) {
  io.to(`room-${room}`).emit('next', resultOf(`room-${room}`, ++seq, body));
}

answerCalls({
  start: async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    const orders = await listenForOrders(() => rooms.size, publish);
    return { kind: 'socket.io', port: (server.address() as AddressInfo).port, orders };
  },
  say: ({ text }) => {
    body = text;
  },
  clear: () => rooms.clear(),
});
