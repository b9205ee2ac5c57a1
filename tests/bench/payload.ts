import { print } from 'graphql';
import { RoomLogDocument } from '../../web/gql/graphql.ts';

/** What every server of the bench is asked for, and what every one of them delivers. */
export const ROOM_LOG = `subscription ($roomId: ID!) {
  roomLog(roomId: $roomId) {
    __typename seq roomId at
    ... on MessageSent { message { id body createdAt author { id username displayName } } }
  }
}`;

/** What the web client asks for: all that it shows of a message and of what happens in a room. */
export const PAGE_LOG = print(RoomLogDocument);

/** The same as `ROOM_LOG` where the room is encrypted. */
export const SEALED_LOG = `subscription ($roomId: ID!) {
  roomLog(roomId: $roomId) {
    __typename seq roomId at
    ... on MessageSent {
      message { id createdAt author { id username displayName } sealed { deviceId generation epoch mls body } }
    }
  }
}`;

/** What a device makes of a message like `SHORT`, in length: 334 bytes for MLS, and 218 beside it. */
export const SEALED = { mls: Buffer.alloc(334, 7).toString('base64'), body: Buffer.alloc(218, 7).toString('base64') };

export const SEND_MESSAGE = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id seq } }';

export const SHORT = 'The swans are back on the river, all seven of them. Come and look before it rains.';
/** Nearly as long as a message may be. */
export const LONG = 'Snow on the roofs, and no sound. '.repeat(240);

export const AUTHOR = '0199f3a2-5f1e-7c3a-9d53-0d8a4f6f2b11';

/** What else a message is that nobody has answered, changed or reacted to. */
export const UNTOUCHED = {
  integration: null,
  editedAt: null,
  deletedAt: null,
  replyTo: null,
  files: [],
  reactions: [],
  mentions: [],
  mentionsRoom: false,
  pinnedAt: null,
};

/** The result of the subscription for one message. */
export function resultOf(roomId: string, seq: number, body: string) {
  const at = new Date().toISOString();
  const author = { id: AUTHOR, username: 'alice', displayName: 'Alice' };
  const message = { id: messageId(seq), body, createdAt: at, author };
  return { data: { roomLog: { __typename: 'MessageSent', seq, roomId, at, message } } };
}

/** The frame of graphql-ws that carries it. */
export const nextMessage = (roomId: string, seq: number, body: string) =>
  JSON.stringify({ id: '1', type: 'next', payload: resultOf(roomId, seq, body) });

export const messageId = (seq: number) => `0199f3a2-5f1e-7c3a-9d53-${seq.toString(16).padStart(12, '0')}`;

/** What a message says whose frame is as long as that of a sealed one. */
export function asLongAsSealed(): string {
  const sealed = { deviceId: AUTHOR, generation: 1, epoch: 1, ...SEALED };
  return 'x'.repeat(JSON.stringify({ sealed }).length - JSON.stringify({ body: '' }).length);
}
