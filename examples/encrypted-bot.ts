// A bot in encrypted rooms: whoever writes "echo something" there gets it back. It is a member like any other, with a device of
// its own, and reads what is said from the moment at which somebody lets it in. Its keys lie in a file.
//
//   node api/patches.mjs && npx tsx examples/encrypted-bot.ts http://127.0.0.1:8000 echo "its password" echo.keys
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { say } from '../web/crypto/device/conversation.ts';
import { type Device, openDevice } from '../web/crypto/device/device.ts';
import { DeviceError, isPassing, ServerError } from '../web/crypto/device/errors.ts';
import { type Ask, graphqlServer, serverError } from '../web/crypto/device/graphqlServer.ts';
import type { Clock } from '../web/crypto/device/ports.ts';
import { keysIn, openFileStore } from './fileStore.ts';

const LOG_IN = 'mutation ($input: LogInInput!) { session: logIn(input: $input) { accessToken refreshToken } }';
const REFRESH = 'mutation ($token: String!) { session: refresh(refreshToken: $token) { accessToken refreshToken } }';
const NEWS = 'subscription { viewerLog { roomId seq } }';
const CALL = /^echo (.+)$/s;

const clock: Clock = {
  now: () => Date.now(),
  pause: (ms) => setTimeout(ms, undefined, { ref: false }),
  random: Math.random,
};

/** Signs the bot in and answers in all of its rooms, until it is told to stop. */
export async function runBot(url: string, username: string, password: string, file: string) {
  let session: { accessToken: string; refreshToken: string };
  let isOver = false;
  const answeredTo = new Map<string, number>();
  session = (await post(LOG_IN, { input: { username, password, cookies: false } })).session;
  const store = await openFileStore(file);
  const ports = { store, keys: keysIn(store), clock, server: graphqlServer(ask) };
  const device: Device = await openDevice({ ports, name: 'Bot' });
  const live = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${session.accessToken}` }),
    retryAttempts: 0,
  });
  const ended = listen();
  return { device, stop };

  /** What the device asks of the server, as whoever is signed in. */
  async function ask(document: string, variables: object): ReturnType<Ask> {
    return post(document, variables).catch(async (error) => {
      if (!(error instanceof ServerError) || error.code !== 'UNAUTHENTICATED') throw error;
      session = (await post(REFRESH, { token: session.refreshToken })).session;
      return post(document, variables);
    });
  }

  async function post(query: string, variables: object) {
    const headers = {
      'content-type': 'application/json',
      ...(session && { authorization: `Bearer ${session.accessToken}` }),
    };
    const request = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
    const answer = await fetch(`${url}/graphql`, request).catch(() => undefined);
    const { data, errors } = (await answer?.json().catch(() => ({}))) ?? {};
    if (!data || errors) throw serverError(errors);
    return data;
  }

  /** Looks at every room, then at each in which something happens, until the line breaks; then all over again. */
  async function listen() {
    for (let failures = 0; !isOver; failures++) {
      const news = live.iterate<{ viewerLog: { roomId: string; seq: number } }>({ query: NEWS });
      try {
        await device.sync();
        for (const roomId of device.core.rooms.keys()) await answer(roomId);
        for await (const { data } of news) {
          if (!data) break;
          failures = 0;
          await lookInto(data.viewerLog.roomId);
        }
      } catch (problem) {
        if (!isOver) console.error(`${problem instanceof Error ? problem.message : 'The line broke.'} Trying again.`);
      }
      if (!isOver) await setTimeout(Math.min(15_000, 300 * 2 ** failures) * (0.5 + Math.random()));
    }
  }

  async function lookInto(roomId: string) {
    try {
      await device.follow(roomId);
      await answer(roomId);
    } catch (error) {
      // Not encrypted, or nothing to be done about it now: the next thing that happens there is the next try.
      if (!(error instanceof DeviceError || isPassing(error))) throw error;
    }
  }

  /** Answers have ids that follow from the questions': however often it is tried, each is given once. */
  async function answer(roomId: string) {
    const { view } = await device.room(roomId);
    for (const { message, state, senderId } of view.messages()) {
      if (message.seq <= (answeredTo.get(roomId) ?? 0)) continue;
      const [, word] = CALL.exec(message.body ?? '') ?? [];
      if (word && state === 'read' && senderId !== device.core.self.accountId)
        await say(device, { id: idFrom(message.id), roomId, body: word, replyTo: message.id });
      answeredTo.set(roomId, message.seq);
    }
  }

  async function stop() {
    isOver = true;
    await live.dispose();
    await ended;
    await device.close();
    await store.close();
  }
}

function idFrom(question: string): string {
  const hash = createHash('sha256').update(`echo ${question}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [url = 'http://127.0.0.1:8000', username = '', password = '', file = `${username}.keys`] =
    process.argv.slice(2);
  const { device } = await runBot(url, username, password, file);
  console.log(`Listening as ${username}, device ${device.core.self.deviceId}.`);
}
