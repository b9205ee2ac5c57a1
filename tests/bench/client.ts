import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { answerCalls } from './calls.ts';
import type { Order } from './control.ts';
import { PAGE_LOG, ROOM_LOG, SEALED_LOG, SEND_MESSAGE, SHORT } from './payload.ts';
import { RawSocket } from './rawSocket.ts';

// Everyone else's end of the wire: thousands of sockets that count what arrives.
export interface Place {
  kind: 'plain' | 'socket.io' | 'graphql';
  port: number;
  orders: number;
}

/** Who listens. */
export interface Audience {
  place: Place;
  rooms: string[];
  tokens: string[];
  /** How many sockets there are then; those that are open stay. */
  size: number;
  /** Whether every socket chooses another id for its operation. */
  differentIds?: boolean;
  /** What every socket asks for. */
  asked: keyof typeof LOGS;
}

const LOGS = { short: ROOM_LOG, sealed: SEALED_LOG, page: PAGE_LOG };

let sockets: RawSocket[] = [];
let stalled: RawSocket[] = [];
let orders: Socket;
let arrived = 0;
let due = 0;
let onArrived = () => {};
let started = 0;
let latencies: number[] | null = null;

answerCalls({ open, settle, drive, stall, resume, send, close });

async function open({ place, rooms, tokens, size, differentIds, asked }: Audience) {
  const query = LOGS[asked];
  orders ??= connect({ port: place.orders, host: '127.0.0.1', noDelay: true });
  while (sockets.length < size) {
    const batch = Array.from({ length: Math.min(100, size - sockets.length) }, (_, n) => sockets.length + n);
    const joined = batch.map((number) => {
      const id = differentIds ? randomUUID() : '1';
      const variables = { roomId: rooms[number % rooms.length] };
      return join(place, number % rooms.length, tokens[number % tokens.length] ?? '', id, { query, variables });
    });
    sockets.push(...(await Promise.all(joined)));
  }
}

function close() {
  for (const socket of sockets) socket.close();
  sockets = [];
  stalled = [];
}

function join(place: Place, room: number, token: string, id: string, operation: Operation): Promise<RawSocket> {
  if (place.kind === 'plain') return joinPlain(place, room);
  if (place.kind === 'socket.io') return joinSocketIO(place, `room-${room}`);
  return joinGraphQL(place, token, id, operation);
}

async function joinPlain({ port }: Place, room: number): Promise<RawSocket> {
  const socket = new RawSocket({ port, path: `/?room=${room}` });
  socket.onText = () => delivered(socket);
  socket.onClose = fail;
  await socket.opened;
  return socket;
}

const [PING, CONNECT, EVENT, ACK] = ['2', '0', '42', '430'];

function joinSocketIO({ port }: Place, room: string): Promise<RawSocket> {
  const socket = new RawSocket({ port, path: '/socket.io/?EIO=4&transport=websocket' });
  socket.onClose = fail;
  return new Promise((resolve) => {
    socket.onText = (text) => {
      if (text[0] === 0x34 && text[1] === 0x32) return delivered(socket);
      const packet = text.toString();
      if (packet.startsWith(PING)) socket.send('3');
      else if (packet.startsWith(CONNECT)) socket.send('40');
      else if (packet.startsWith('40')) socket.send(`${EVENT}0["join","${room}"]`);
      else if (packet.startsWith(ACK)) resolve(socket);
    };
  });
}

interface Operation {
  query: string;
  variables: object;
}

// A delivery is {"id":"…","type":"next": the n stands after an id whose length is known.
function joinGraphQL(place: Place, token: string, id: string, operation?: Operation): Promise<RawSocket> {
  const socket = new RawSocket({ port: place.port, path: '/graphql', protocol: 'graphql-transport-ws' });
  socket.mark = 17 + id.length;
  socket.onClose = fail;
  return new Promise((resolve) => {
    socket.onText = (text) => {
      if (text[2] === 0x69 && text[socket.mark] === 0x6e) return delivered(socket);
      const frame = text.toString();
      if (frame.startsWith('{"type":"ping"')) return socket.send('{"type":"pong"}');
      if (!frame.startsWith('{"type":"connection_ack"')) return fail(frame);
      if (operation) socket.send(JSON.stringify({ id, type: 'subscribe', payload: operation }));
      resolve(socket);
    };
    void socket.opened.then(() => {
      const payload = token ? { authorization: `Bearer ${token}` } : {};
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
    });
  });
}

function fail(reason: string) {
  process.stderr.write(`the client of the bench: ${reason}\n`);
  process.exit(1);
}

function delivered(socket: RawSocket) {
  socket.count++;
  latencies?.push(performance.now() - started);
  if (++arrived === due) onArrived();
}

/** Sends messages until everyone gets them: subscriptions answer nothing when they begin. */
async function settle({ spread }: { spread: boolean }) {
  for (let tries = 0; tries < 200; tries++) {
    for (const socket of sockets) socket.count = 0;
    orders.write(`${JSON.stringify({ count: 1, spread })}\n`);
    await untilQuiet();
    if (everyoneHas(1)) return;
  }
  throw new Error(`only ${sockets.filter(({ count }) => count > 0).length} of ${sockets.length} get anything`);
}

/** Until nothing more arrives. */
async function untilQuiet() {
  for (let before = -1; before !== arrived; ) {
    before = arrived;
    await sleep(200);
  }
}

const everyoneHas = (count: number) => sockets.every((socket) => socket.count >= count);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Orders so many times, each time when everything that was ordered before has arrived. */
async function drive({ times, timed, ...order }: Order & { times: number; timed?: boolean }) {
  latencies = timed ? [] : null;
  const listening = sockets.length - stalled.length;
  for (let time = 0; time < times; time++) {
    const all = new Promise<void>((resolve) => {
      onArrived = resolve;
    });
    due = arrived + listening * order.count;
    started = performance.now();
    orders.write(`${JSON.stringify(order)}\n`);
    await Promise.race([all, sleep(30_000).then(() => Promise.reject(new Error(`${due - arrived} did not arrive`)))]);
  }
  const sorted = (latencies ?? []).sort((a, b) => a - b);
  latencies = null;
  return { deliveries: times * listening * order.count, p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
}

/** From now on so many sockets read nothing. */
function stall({ count }: { count: number }) {
  stalled = sockets.slice(0, count);
  for (const socket of stalled) {
    socket.count = 0;
    socket.pause();
  }
}

/** Those who did not read do so again: whether they got everything, in order. */
async function resume({ messages }: { messages: number }) {
  let holes = 0;
  for (const socket of stalled) {
    let last = 0;
    socket.onText = (text) => {
      const seq = Number(/"seq":(\d+)/.exec(text.toString('latin1'))?.[1] ?? 0);
      if (!seq) return;
      if (last && seq !== last + 1) holes++;
      last = seq;
      socket.count++;
    };
    socket.resume();
  }
  const all = () => stalled.every(({ count }) => count >= messages);
  for (let waits = 0; waits < 400 && !all(); waits++) await sleep(50);
  const missing = stalled.reduce((sum, { count }) => sum + Math.max(0, messages - count), 0);
  stalled = [];
  return { missing, holes };
}

interface Sending {
  place: Place;
  room: string;
  tokens: string[];
  senders: number;
  seconds: number;
}

/** Each sender sends the next message when the one before was acknowledged; acknowledgements per second. */
async function send({ place, room, tokens, senders, seconds }: Sending): Promise<number> {
  const opening = Array.from({ length: senders }, (_, n) => joinGraphQL(place, tokens[n % tokens.length] ?? '', '1'));
  const open = await Promise.all(opening);
  const began = performance.now();
  const over = () => performance.now() - began > seconds * 1_000;
  const counts = await Promise.all(open.map((socket) => sendUntil(socket, room, over)));
  const took = performance.now() - began;
  for (const socket of open) socket.close();
  return (counts.reduce((sum, count) => sum + count, 0) / took) * 1_000;
}

function sendUntil(socket: RawSocket, roomId: string, over: () => boolean): Promise<number> {
  let count = 0;
  const next = () => {
    const variables = { input: { id: randomUUID(), roomId, body: SHORT } };
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SEND_MESSAGE, variables } }));
  };
  next();
  return new Promise((resolve) => {
    socket.onText = (text) => {
      const frame = text.toString('latin1');
      if (frame.includes('"type":"next"')) {
        if (!frame.includes('"data":{"sendMessage":{')) return fail(frame);
        count++;
      } else if (frame.includes('"type":"complete"')) {
        if (over()) resolve(count);
        else next();
      } else fail(frame);
    };
  });
}
