import type { RawData, WebSocket } from 'ws';
import { TokenError } from '../auth/tokens.ts';
import type { Connections } from '../connections.ts';
import { type Credentials, viewerOf } from '../context.ts';
import type { Core } from '../core.ts';
import type { RequestFacts } from '../requests.ts';
import { noteRefusal } from '../trails.ts';
import { type Chat, type Door, END, endOf, endSocket, REFUSALS, SocketEnd } from './chat.ts';
import { endWithToken } from './expiry.ts';
import { receive } from './inbound.ts';
import { followRoom, followTyping, openLog, openTyping } from './outbound.ts';

const WAITING = 16;

/**
 * The old chat socket, after the upgrade: one person in one room, until a close code says why not (any more).
 * Frames that come before the person is admitted wait. Never rejects.
 */
export async function acceptLegacySocket(
  core: Core,
  connections: Connections,
  socket: WebSocket,
  facts: RequestFacts,
  roomId: string,
): Promise<void> {
  connections.guard(socket, facts.network);
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  const door = { core, socket, roomId, closed: closed.signal };
  const admitted = admit(door, connections, facts.credentials).catch((error) => turnAway(door, facts, error));
  takeTurns(socket, async (data, isBinary) => {
    const chat = await admitted;
    if (chat) await receive(chat, data, isBinary);
  });
  await admitted;
}

async function admit(door: Door, connections: Connections, credentials: Credentials): Promise<Chat> {
  const viewer = await door.core.admission.connections.run(() => viewerOf(door.core, credentials));
  door.closed.throwIfAborted();
  if (viewer?.scope) throw new TokenError('invalid'); // This socket ends with a session, which a token is not.
  if (!viewer) throw new SocketEnd(END.noToken, 'No access token');
  if (!connections.add(door.socket, viewer, END.invalidToken)) throw new SocketEnd(END.tooMany, 'Too many sockets');
  const chat = { ...door, viewer, shown: 0 };
  const [typing, log] = await door.core.admission.openings.run(async () => [
    await openTyping(chat),
    await openLog(chat),
  ]);
  const parts = [followRoom(chat, log), followTyping(chat, typing), endWithToken(chat, credentials)];
  for (const part of parts) part.catch((error) => endSocket(chat, error));
  return chat;
}

function turnAway(door: Door, { request }: RequestFacts, error: unknown): void {
  const code = REFUSALS[endOf(error)?.code ?? 0];
  if (code) noteRefusal(door.core.log, code, 'socket', { request });
  endSocket(door, error);
}

// One frame after the other, so that messages keep their order; a client that sends faster than that is read more slowly.
function takeTurns(socket: WebSocket, handle: (data: RawData, isBinary: boolean) => Promise<void>) {
  let waiting = 0;
  let turn = Promise.resolve();
  socket.on('message', (data, isBinary) => {
    // Whom we have told goodbye is not listened to any more.
    if (socket.readyState !== socket.OPEN) return;
    if (++waiting === WAITING) socket.pause();
    turn = turn
      .then(() => handle(data, isBinary))
      .finally(() => {
        if (waiting-- === WAITING) socket.resume();
      });
  });
}
