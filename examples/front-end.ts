/*
 * A front end of your own in one file: sign in, list the rooms, follow one without losing anything, send.
 *
 *   npx tsx examples/front-end.ts http://127.0.0.1:8000 alice "her password"
 *
 * Needs graphql-ws, fetch and a WebSocket (the package `ws`, or that of a browser). Copy it and build on it.
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const TOKENS = '{ accessToken refreshToken }';
const LOG_IN = `mutation ($username: String!, $password: String!) {
  logIn(input: { username: $username, password: $password, cookies: false }) ${TOKENS}
}`;
const REFRESH = `mutation ($token: String!) { refresh(refreshToken: $token) ${TOKENS} }`;
const ROOMS = '{ server { epoch } viewer { rooms { id name lastSeq directWith { displayName } } } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq } }';
const ROOM_LOG = `subscription ($roomId: ID!, $after: Int, $epoch: ID) {
  roomLog(roomId: $roomId, after: $after, epoch: $epoch) {
    __typename seq
    ... on Reset { epoch }
    ... on MessageSent { message { id body author { displayName } } }
    ... on MessageEdited { message { id body author { displayName } } }
    ... on MessageDeleted { message { id } }
  }
}`;
/** These stay refused however often one asks; everything else is worth another try. */
const FINAL = ['NOT_FOUND', 'FORBIDDEN', 'INVALID_INPUT', 'CONFLICT'];

export interface Room {
  id: string;
  name: string;
  /** The position up to which everything was seen, and the life of the database that it belongs to. */
  lastSeq: number;
  epoch: string;
}

export interface RoomEvent {
  __typename: string;
  seq: number;
  epoch?: string;
  message?: { id: string; body?: string; author?: { displayName: string } | null };
}

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** Somebody who is signed in, with the one socket on which all rooms are followed. */
export interface Session {
  ask<Data>(query: string, variables?: object): Promise<Data>;
  renew(): Promise<void>;
  live: Client;
}

class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(`${code}: ${message}`);
  }
}

/** Signs in. When the session ends later, it is refreshed, or begun anew if it cannot be. */
export async function signIn(url: string, username: string, password: string): Promise<Session> {
  const post = async <Data>(query: string, variables: object, token?: string): Promise<Data> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const request = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
    const answer = await fetch(`${url}/graphql`, { ...request, signal: AbortSignal.timeout(10_000) });
    const { data, errors } = (await answer.json()) as { data: Data; errors?: Problem[] };
    if (errors) throw refusal(errors);
    return data;
  };
  const logIn = async () => (await post<{ logIn: Tokens }>(LOG_IN, { username, password })).logIn;
  let tokens = await logIn();
  const renew = async () => {
    const refreshed = await post<{ refresh: Tokens }>(REFRESH, { token: tokens.refreshToken }).catch((error) => {
      if (error.code !== 'UNAUTHENTICATED') throw error;
    });
    tokens = refreshed?.refresh ?? (await logIn());
  };
  let renewing: Promise<void> | undefined;
  return {
    ask: (query, variables = {}) => post(query, variables, tokens.accessToken),
    renew: () => {
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
    live: openSocket(url, () => tokens.accessToken),
  };
}

// graphql-ws would give up after some close codes, and repeat old variables: it opens sockets, `follow` retries.
function openSocket(url: string, token: () => string): Client {
  let late: NodeJS.Timeout;
  const live = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${token()}` }),
    retryAttempts: 0,
    keepAlive: 12_000,
    on: {
      ping: (received) => {
        if (!received) late = setTimeout(() => live.terminate(), 5_000);
      },
      pong: () => clearTimeout(late),
      closed: () => clearTimeout(late),
    },
  });
  return live;
}

/** The rooms of whoever is signed in. */
export async function listRooms(session: Session): Promise<Room[]> {
  const { server, viewer } = await forEver(session, () => session.ask<Listed>(ROOMS));
  return viewer.rooms.map(({ id, name, lastSeq, directWith }) => {
    return { id, name: name ?? directWith?.displayName ?? '', lastSeq, epoch: server.epoch };
  });
}

interface Listed {
  server: { epoch: string };
  viewer: { rooms: { id: string; name: string | null; lastSeq: number; directWith: { displayName: string } | null }[] };
}

/**
 * Calls back for everything that happens in the room after `room.lastSeq`, once and in order, over every break, and
 * moves `lastSeq` on. A Reset means: load anew what you show of the room. Rejects with NOT_FOUND when one is out of it.
 */
export function follow(session: Session, room: Room, onEvent: (event: RoomEvent) => void): Promise<never> {
  return forEver(session, async (goesWell) => {
    const variables = { roomId: room.id, after: room.lastSeq, epoch: room.epoch };
    for await (const { data, errors } of session.live.iterate<{ roomLog: RoomEvent }>({ query: ROOM_LOG, variables })) {
      if (errors || !data) throw refusal((errors ?? []) as Problem[]);
      goesWell();
      take(room, data.roomLog, onEvent);
    }
    throw new Error('The stream has ended: the next try tells why.');
  });
}

function take(room: Room, event: RoomEvent, onEvent: (event: RoomEvent) => void) {
  const reset = event.__typename === 'Reset';
  if (event.seq <= room.lastSeq && !reset) return;
  const next = event.seq === room.lastSeq + 1 || reset || event.__typename === 'RoomDeleted';
  if (!next) console.error(`A bug, please report it: after ${room.lastSeq} came ${event.seq} in room ${room.id}.`);
  room.lastSeq = event.seq;
  room.epoch = event.epoch ?? room.epoch;
  onEvent(event);
}

/** Sends a message. Under one id it is stored once, however often it is sent: so it is sent until it is answered. */
export function send(
  session: Session,
  roomId: string,
  body: string,
  id: string = randomUUID(),
): Promise<{ seq: number }> {
  return forEver(session, async () => (await session.ask<Sent>(SEND, { input: { id, roomId, body } })).sendMessage);
}

interface Sent {
  sendMessage: { id: string; seq: number };
}

/** Tries until it works or is refused for good, with a random wait of 0.3 s to 15 s that grows with the failures. */
async function forEver<T>(session: Session, attempt: (goesWell: () => void) => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt(() => (failures = 0));
    } catch (problem) {
      const error = Array.isArray(problem) ? refusal(problem) : (problem as Partial<Refusal>);
      const { code, retryAfter = 0 } = error;
      if (FINAL.includes(String(code))) throw error;
      if (['UNAUTHENTICATED', '4401', '4403'].includes(String(code))) await session.renew().catch(() => {});
      const wait = 300 + Math.random() * Math.min(14_700, 300 * 2 ** failures);
      await new Promise((resolve) => setTimeout(resolve, Math.max(wait, retryAfter * 1_000)));
    }
  }
}

interface Problem {
  message: string;
  extensions?: { code?: string; retryAfter?: number };
}

function refusal([problem]: readonly Problem[]): Refusal {
  const { code = '', retryAfter } = problem?.extensions ?? {};
  return new Refusal(code, problem?.message ?? 'no data', retryAfter);
}

async function main([url = 'http://127.0.0.1:8000', username = '', password = '']: string[]) {
  const session = await signIn(url, username, password);
  const [room, ...others] = await listRooms(session);
  if (!room) return console.log('You are in no room.');
  console.log(
    `In ${room.name}. Others: ${others.map(({ name }) => name).join(', ') || 'none'}. Type to say something.`,
  );
  createInterface({ input: process.stdin }).on('line', (line) => void send(session, room.id, line));
  await follow(session, room, ({ __typename, seq, message }) => {
    console.log(`${seq} ${__typename} ${message ? `${message.author?.displayName ?? ''}: ${message.body ?? ''}` : ''}`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
