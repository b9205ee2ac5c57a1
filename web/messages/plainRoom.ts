import { errorCode } from '../lib/errors';
import { connection, execute, retry, subscribe } from '../lib/live';
import type { Unsent } from '../lib/outbox';
import { asNotice } from '../lib/roomStore';
import { act, ask } from '../request';
import {
  deleteMessage,
  editMessage,
  latestMessages,
  messagesAround,
  newerMessages,
  olderMessages,
  pinMessage,
  roomLog,
  roomNotices,
  roomPins,
  sendMessage,
  setReaction,
  unpinMessage,
} from './messageDocuments';
import type { RoomSource } from './roomSource';

/** A room whose messages the server reads. */
export const plainRoom = (roomId: string): RoomSource => ({
  keeps: true,
  latest: async () => {
    const { server, room } = await ask(latestMessages, { roomId });
    return { ...pageOf(room.messages), lastSeq: room.lastSeq, epoch: server.epoch };
  },
  older: async (before) => pageOf((await ask(olderMessages, { roomId, before: String(before) })).room.messages),
  newer: async (after) => pageOf((await ask(newerMessages, { roomId, after: String(after) })).room.messages),
  around: async (id) => {
    const { room } = await ask(messagesAround, { roomId, id });
    return { ...pageOf(room.messages), newest: room.lastMessage?.seq ?? 0 };
  },
  notices: async (after, before) => (await ask(roomNotices, { roomId, after, before })).room.notices.map(asNotice),
  follow: (position, listener) =>
    subscribe(roomLog, () => ({ roomId, ...position() }), { ...listener, next: (told) => listener.next(told.roomLog) }),
  pins: async () => {
    const { room } = await ask(roomPins, { roomId });
    return { messages: room.pins, lastSeq: room.lastSeq };
  },
  send,
  edit: async (id, body) => (await act(editMessage, { input: { id, body } })).editMessage,
  remove: async (id) => (await act(deleteMessage, { id })).deleteMessage,
  react: async (messageId, emoji, on) => (await act(setReaction, { messageId, emoji, on })).setReaction,
  pin: async (messageId, on) =>
    on ? (await act(pinMessage, { messageId })).pinMessage : (await act(unpinMessage, { messageId })).unpinMessage,
});

/** Over the open socket; by a request when there is none or it does not answer. The id makes a second try harmless. */
async function send({ id, roomId, body, replyTo }: Unsent, files?: string[]) {
  const input = { id, roomId, body, replyTo: replyTo?.id, files };
  try {
    return (await execute(sendMessage, { input })).sendMessage;
  } catch (error) {
    if (Array.isArray(error) && errorCode(error) !== 'UNAUTHENTICATED') throw error;
    const answer = await act(sendMessage, { input });
    if (connection.value !== 'online') retry();
    return answer.sendMessage;
  }
}

interface Answer<Node> {
  nodes: Node[];
  pageInfo: { hasPreviousPage?: boolean; hasNextPage?: boolean };
}

const pageOf = <Node>({ nodes, pageInfo }: Answer<Node>) => ({
  messages: nodes,
  hasOlder: pageInfo.hasPreviousPage ?? true,
  hasNewer: pageInfo.hasNextPage ?? true,
});
