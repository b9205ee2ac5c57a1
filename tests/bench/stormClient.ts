import { randomUUID } from 'node:crypto';
import { answerCalls } from './calls.ts';
import { RawSocket } from './rawSocket.ts';

const EVENTS = 'subscription { viewerEvents { __typename } }';
const LOG = `subscription ($after: [RoomPosition!]) { viewerLog(after: $after) {
  seq roomId ... on MessageSent { message { id body author { username } } }
} }`;
const ROOM_LOG = 'subscription ($id: ID!) { roomLog(roomId: $id) { seq ... on MessageSent { message { body } } } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
const FIRST = 300;
const LONGEST = 15_000;

interface Guest {
  token: string;
  rooms: string[];
}

let sockets: RawSocket[] = [];
const NOTHING = { acknowledged: 0, live: 0, allAcknowledged: 0, allLive: 0, refused: 0 };

let outcome = { ...NOTHING, reasons: {} as Record<string, number> };
let talking = false;
let talked: Promise<number[]> = Promise.resolve([]);

answerCalls({ storm, outcome: () => ({ ...outcome }), talk, hush, close });

/** Everyone at once; whoever is sent away comes back with jitter, as our clients do. Resolves when all are live. */
async function storm({ port, guests, first }: { port: number; guests: Guest[]; first: number }) {
  const started = performance.now();
  const now = () => performance.now() - started;
  outcome = { ...NOTHING, reasons: {} };
  const note = (what: 'acknowledged' | 'live') => {
    if (++outcome[what] < guests.length) return;
    if (what === 'live') outcome.allLive = now();
    else outcome.allAcknowledged = now();
  };
  await Promise.all(guests.map((guest, n) => comeIn(port, `127.0.1.${1 + ((first + n) % 250)}`, guest, note)));
  return outcome;
}

async function comeIn(port: number, from: string, guest: Guest, note: (what: 'acknowledged' | 'live') => void) {
  for (let tries = 0; ; tries++) {
    const socket = await enter(port, from, guest, note).catch((error: Error) => error.message);
    if (typeof socket !== 'string') return void sockets.push(socket);
    outcome.refused++;
    outcome.reasons[socket] = (outcome.reasons[socket] ?? 0) + 1;
    const ceiling = Math.min(LONGEST, FIRST * 2 ** (tries + 1));
    await sleep(FIRST + Math.random() * (ceiling - FIRST));
  }
}

/** Resolves with the first entry that was missed. */
function enter(
  port: number,
  localAddress: string,
  guest: Guest,
  note: (what: 'acknowledged' | 'live') => void,
): Promise<RawSocket> {
  const socket = open(port, guest.token, localAddress);
  const after = guest.rooms.map((roomId) => ({ roomId, seq: roomId === guest.rooms[0] ? 3 : 4 }));
  return new Promise((resolve, reject) => {
    socket.opened.catch(reject);
    socket.onClose = (reason) => reject(new Error(reason));
    socket.onText = (text) => {
      const frame = text.toString('latin1');
      if (frame.startsWith('{"type":"connection_ack"')) {
        note('acknowledged');
        subscribe(socket, '1', EVENTS);
        subscribe(socket, '2', LOG, { after });
      } else if (frame.includes('"type":"error"')) {
        socket.close();
        reject(new Error(frame));
      } else if (frame.startsWith('{"id":"2","type":"next"')) {
        socket.onText = () => {};
        note('live');
        resolve(socket);
      }
    };
  });
}

function open(port: number, token: string, localAddress?: string): RawSocket {
  const socket = new RawSocket({ port, path: '/graphql', protocol: 'graphql-transport-ws', localAddress });
  const hello = JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  void socket.opened.then(
    () => socket.send(hello),
    () => {},
  );
  return socket;
}

const subscribe = (socket: RawSocket, id: string, query: string, variables: object = {}) =>
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));

/** One who is in sends messages to a room, and hears them: how long each took from the send to the ear, in ms. */
async function talk({ port, token, room, every }: { port: number; token: string; room: string; every: number }) {
  const socket = open(port, token);
  const [sent, took] = [new Map<string, number>(), [] as number[]];
  await new Promise<void>((resolve) => {
    socket.onText = (text) => {
      const frame = text.toString('latin1');
      if (frame.startsWith('{"type":"connection_ack"')) {
        subscribe(socket, 'log', ROOM_LOG, { id: room });
        resolve();
      }
      const body = /"body":"(\d+)"/.exec(frame)?.[1] ?? '';
      const began = sent.get(body);
      if (began === undefined) return;
      sent.delete(body);
      took.push(performance.now() - began);
    };
  });
  talking = true;
  talked = (async () => {
    for (let n = 0; talking; n++) {
      sent.set(`${n}`, performance.now());
      subscribe(socket, `s${n}`, SEND, { input: { id: randomUUID(), roomId: room, body: `${n}` } });
      await sleep(every);
    }
    for (let waits = 0; sent.size > 0 && waits < 100; waits++) await sleep(50);
    socket.close();
    // The first may have been sent before the subscription was there.
    for (const [body, began] of sent) if (body !== '0') took.push(performance.now() - began);
    return took;
  })();
}

async function hush(): Promise<number[]> {
  talking = false;
  return talked;
}

function close() {
  for (const socket of sockets) socket.close();
  sockets = [];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
