// A front end of your own, without a framework: sign in, list the rooms, follow one without losing anything, send.
// Copy it and build on it, as terminal.ts does. A browser has a WebSocket of its own and needs no `ws`.
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const LOG_IN = 'mutation ($input: LogInInput!) { session: logIn(input: $input) { accessToken refreshToken } }';
const REFRESH = 'mutation ($token: String!) { session: refresh(refreshToken: $token) { accessToken refreshToken } }';
const ROOMS = '{ server { epoch } viewer { rooms { id name lastSeq } } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq } }';
const MESSAGE = '{ message { id body author { displayName } } }';
const ROOM_LOG = `subscription ($roomId: ID!, $after: Int, $epoch: ID) {
  roomLog(roomId: $roomId, after: $after, epoch: $epoch) {
    __typename seq ... on Reset { epoch }
    ... on MessageSent ${MESSAGE} ... on MessageEdited ${MESSAGE} ... on MessageDeleted ${MESSAGE}
  }
}`;
const FINAL = ['NOT_FOUND', 'FORBIDDEN', 'INVALID_INPUT', 'CONFLICT']; // All else is worth another try.
const JUMPS = ['Reset', 'RoomDeleted']; // All else comes with the next position.

/** `lastSeq` is the position up to which everything was seen, in that life (`epoch`) of the server's database. */
export type Room = { id: string; name: string | null; lastSeq: number; epoch: string };
export type Message = { id: string; body: string | null; author: { displayName: string } | null };
export type RoomEvent = { __typename: string; seq: number; epoch?: string; message?: Message };
type SignedIn = { session: { accessToken: string; refreshToken: string } };
type Sent = { sendMessage: { id: string; seq: number } };
type Problem = { message?: string; code?: number; extensions?: { code?: string; retryAfter?: number } };

/** Signs somebody in. Whatever they do then is tried until it works, or is refused for good. */
export async function connect(url: string, username: string, password: string) {
  let session: SignedIn['session'] | undefined;
  let outbox: Promise<unknown> = Promise.resolve();
  let late: ReturnType<typeof setTimeout>;
  // graphql-ws would give up after some close codes, and repeat old cursors: it opens sockets, `untilDone` tries again.
  const live = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${session?.accessToken}` }),
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

  async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${session?.accessToken}` };
    const request = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
    const answer = await fetch(`${url}/graphql`, { ...request, signal: AbortSignal.timeout(10_000) });
    const { data, errors } = (await answer.json()) as { data: Data; errors?: Problem[] };
    if (errors) throw errors;
    return data;
  }

  async function signIn() {
    const refresh = session && ask<SignedIn>(REFRESH, { token: session.refreshToken }).catch(() => undefined);
    const logIn = () => ask<SignedIn>(LOG_IN, { input: { username, password, cookies: false } });
    session = ((await refresh) ?? (await logIn())).session;
  }

  async function untilDone<Result>(attempt: (goesWell: () => void) => Promise<Result>): Promise<Result> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt(() => (failures = 0));
      } catch (thrown) {
        const { message, code, extensions } = [thrown].flat()[0] as Problem;
        const reason = extensions?.code ?? String(code);
        if (FINAL.includes(reason)) throw Object.assign(new Error(message), { code: reason });
        if (['UNAUTHENTICATED', '4401', '4403'].includes(reason)) await signIn().catch(() => {});
        const wait = 300 + Math.random() * Math.min(14_700, 300 * 2 ** failures);
        await new Promise((resolve) => setTimeout(resolve, Math.max(wait, (extensions?.retryAfter ?? 0) * 1_000)));
      }
    }
  }

  async function listRooms(): Promise<Room[]> {
    const { server, viewer } = await untilDone(() => ask<{ server: object; viewer: { rooms: Room[] } }>(ROOMS));
    return viewer.rooms.map((room) => ({ ...room, ...server }));
  }

  /** Calls back for all after `room.lastSeq`, once and in order; at a Reset, load anew. Rejects when one is out. */
  function follow(room: Room, onEvent: (event: RoomEvent) => void): Promise<never> {
    return untilDone(async (goesWell) => {
      const variables = { roomId: room.id, after: room.lastSeq, epoch: room.epoch };
      for await (const { data, errors } of live.iterate<{ roomLog: RoomEvent }>({ query: ROOM_LOG, variables })) {
        if (errors || !data) throw errors ?? new Error('no data');
        goesWell();
        const { seq, __typename: kind, epoch = room.epoch } = data.roomLog;
        if (seq <= room.lastSeq && !JUMPS.includes(kind)) continue;
        if (seq > room.lastSeq + 1 && !JUMPS.includes(kind)) console.error(`A bug: ${seq} came after ${room.lastSeq}.`);
        Object.assign(room, { lastSeq: seq, epoch });
        onEvent(data.roomLog);
      }
      throw new Error('The stream has ended: the next try tells why.');
    });
  }

  /** One after the other, each under its own id until it is answered: under one id a message is stored once. */
  function send(roomId: string, body: string, id: string = crypto.randomUUID()): Promise<Sent['sendMessage']> {
    const sent = outbox.then(() => untilDone(() => ask<Sent>(SEND, { input: { id, roomId, body } })));
    outbox = sent.catch(() => {});
    return sent.then(({ sendMessage }) => sendMessage);
  }

  await signIn();
  return { listRooms, follow, send };
}
