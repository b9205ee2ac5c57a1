import type { Message, RoomEvent } from '../../web/lib/roomStore';

export const ada = { id: 'ada', username: 'ada', displayName: 'Ada Lindqvist', colour: null };
export const tomas = { id: 'tomas', username: 'tomas', displayName: 'Tomás Rivera', colour: null };

const START = Date.parse('2026-03-03T12:00:00.000Z');

/** A message at a position; by Ada, a minute after the one before it, unless said otherwise. */
export function message(seq: number, parts: Partial<Message> = {}): Message {
  const createdAt = new Date(START + seq * 60_000).toISOString();
  return {
    id: `m${seq}`,
    seq,
    changedSeq: seq,
    author: ada,
    integration: null,
    body: `${seq}`,
    files: [],
    createdAt,
    editedAt: null,
    deletedAt: null,
    replyTo: null,
    pinnedAt: null,
    mentions: [],
    mentionsRoom: false,
    reactions: [],
    ...parts,
  };
}

/** The messages from one position to another, both included. */
export const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

const at = (seq: number) => ({ roomId: 'room', seq, at: new Date(START + seq * 60_000).toISOString() });

export const sent = (seq: number, parts: Partial<Message> = {}): RoomEvent => ({
  __typename: 'MessageSent',
  ...at(seq),
  message: message(seq, parts),
});

export const edited = (seq: number, changed: Message): RoomEvent => ({
  __typename: 'MessageEdited',
  ...at(seq),
  message: { ...changed, changedSeq: seq },
});

export const deleted = (seq: number, changed: Message): RoomEvent => ({
  __typename: 'MessageDeleted',
  ...at(seq),
  message: { ...changed, changedSeq: seq, body: null, deletedAt: at(seq).at },
});

export const pinned = (seq: number, changed: Message): RoomEvent => ({
  __typename: 'MessagePinned',
  ...at(seq),
  by: ada,
  message: { ...changed, changedSeq: seq, pinnedAt: at(seq).at },
});

export const joined = (seq: number, user = tomas): RoomEvent => ({
  __typename: 'MemberJoined',
  ...at(seq),
  by: user,
  user,
  role: 'MEMBER',
});

export const left = (seq: number, user = tomas): RoomEvent => ({ __typename: 'MemberLeft', ...at(seq), user });
export const expired = (seq: number, upTo: number): RoomEvent => ({ __typename: 'MessagesExpired', ...at(seq), upTo });
export const roomDeleted = (seq: number): RoomEvent => ({ __typename: 'RoomDeleted', ...at(seq), by: ada });
export const reset = (seq: number, epoch = 'restored'): RoomEvent => ({ __typename: 'Reset', ...at(seq), epoch });
