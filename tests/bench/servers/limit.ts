import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerCalls } from '../calls.ts';
import { listenForOrders } from '../control.ts';
import { nextMessage, SHORT } from '../payload.ts';

// The least that Node can do: one frame, made once, written to every socket.
const rooms = new Map<number, Set<Duplex>>();
const due = new Map<number, Buffer[]>();
let seq = 0;

const server = createServer().on('upgrade', ({ url = '', headers }, socket) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept.digest('base64')}`].join('\r\n')}\r\n\r\n`);
  const room = Number(new URL(url, 'http://node').searchParams.get('room'));
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(socket));
  socket.on('close', () => members.delete(socket)).on('error', () => socket.destroy());
  socket.resume();
});

function publish(room: number) {
  const waiting = due.get(room);
  const bytes = frame(nextMessage(`room-${room}`, ++seq, SHORT));
  if (waiting) return void waiting.push(bytes);
  due.set(room, [bytes]);
  setImmediate(() => flush(room));
}

function flush(room: number) {
  const bytes = Buffer.concat(due.get(room) ?? []);
  due.delete(room);
  for (const socket of rooms.get(room) ?? []) socket.write(bytes);
}

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([header, payload]);
}

answerCalls({
  start: async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    const orders = await listenForOrders(() => rooms.size, publish);
    return { kind: 'plain', port: (server.address() as AddressInfo).port, orders };
  },
  clear: () => rooms.clear(),
});
