import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
const CREATE = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }';
const JOIN = 'mutation ($id: ID!) { joinRoom(id: $id) { id } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { seq } }';
const TOGETHER = 32;

/** Somebody with a program that opens rooms and writes to them over one socket. */
export type Account = Awaited<ReturnType<typeof enter>>;

export async function enter(url: string, username: string, displayName: string) {
  const input = { username, displayName, password: 'quiet enough here', cookies: false };
  const body = JSON.stringify({ query: REGISTER, variables: { input } });
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const token = (await answer.json()).data.register.accessToken as string;
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  });

  async function ask(query: string, variables: Record<string, unknown>): Promise<any> {
    for await (const { data, errors } of socket.iterate({ query, variables })) {
      if (errors) throw new Error(errors[0]?.message);
      return data;
    }
  }

  const send = (roomId: string, text: string) => ask(SEND, { input: { id: randomUUID(), roomId, body: text } });

  return {
    token,
    displayName,
    createRoom: async (name: string): Promise<string> =>
      (await ask(CREATE, { input: { name: `${name}-${randomUUID().slice(0, 6)}` } })).createRoom.id,
    join: (id: string) => ask(JOIN, { id }),
    /** As fast as the server takes them, many at a time; the last one is the last one. */
    async fill(roomId: string, texts: string[]) {
      const [waiting, last] = [texts.slice(0, -1), texts.at(-1)];
      const worker = async () => {
        for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) await send(roomId, text);
      };
      await Promise.all(Array.from({ length: TOGETHER }, worker));
      if (last !== undefined) await send(roomId, last);
    },
    /** One every so many ms, whether or not the one before is answered. */
    async drip(roomId: string, texts: string[], every: number) {
      const sent = [];
      for (const text of texts) {
        sent.push(send(roomId, text));
        await sleep(every);
      }
      await Promise.all(sent);
    },
  };
}

/** Texts of the lengths that people write, each with its number. */
export function smallTalk(count: number): string[] {
  const words = 'the tide is high and the small boat wants a new rope before we go out on Saturday morning'.split(' ');
  return Array.from({ length: count }, (_, n) => `${n} ${words.slice(0, 3 + ((n * 7) % 16)).join(' ')}`);
}
