import type { Bytes } from '../bytes.ts';

/** Somebody as the server shows them. */
export interface Person {
  id: string;
  username: string;
  displayName: string;
  colour: number | null;
}

/** An entry of a room's log as the server tells it. Nothing of it is believed that MLS can prove. */
export type LogEntry = Place &
  (
    | { __typename: 'MessageSent' | MessageChange; message: ServerMessage; by?: Person | null }
    | { __typename: 'SealedEventSent'; by: Person | null; id: string; targetId: string | null; sealed: Sealed }
    | { __typename: 'GroupOpened'; by: Person | null; deviceId: string | null; generation: number }
    | ({ __typename: 'GroupCommitted'; by: Person | null; deviceId: string | null } & Committed)
    | { __typename: 'RoomEncrypted'; by: Person | null }
    | { __typename: 'DeviceRevoked'; by: Person | null; revokedId: string }
    | { __typename: 'MemberJoined'; by: Person | null; user: Person | null; role: string }
    | { __typename: 'MemberLeft' | 'MemberRemoved'; by?: Person | null; user: Person | null }
    | { __typename: 'MemberBanned'; by: Person | null; user: Person | null; wasMember: boolean }
    | { __typename: 'RoleChanged'; by: Person | null; user: Person | null; role: string }
    | { __typename: 'OwnershipTransferred'; by: Person | null; user: Person | null }
    | { __typename: 'MessagesExpired'; upTo: number }
    | { __typename: 'Reset' }
    | { __typename: 'RoomCreated' | 'RoomChanged' | 'RoomDeleted' | 'MemberUnbanned'; by: Person | null }
  );

export type MessageChange =
  | 'MessageEdited'
  | 'MessageDeleted'
  | 'MessagePinned'
  | 'MessageUnpinned'
  | 'ReactionsChanged';

interface Place {
  roomId: string;
  seq: number;
  at: string;
}

export interface Sealed {
  deviceId: string | null;
  generation: number;
  epoch: number;
  mls: Bytes;
  /** Null once it was deleted. */
  body: Bytes | null;
}

export interface Committed {
  generation: number;
  /** The epoch that it ends. */
  epoch: number;
  commit: Bytes;
  external: boolean;
}

/** A message in the shape in which the page shows one; `sealed` where the room is encrypted, and then no body. */
export interface ServerMessage extends RoomMessage {
  sealed: Sealed | null;
}

/** A message as people see it. The same shape as `MessageParts` of the page. */
export interface RoomMessage {
  __typename?: 'Message';
  id: string;
  seq: number;
  changedSeq: number;
  author: Person | null;
  integration: string | null;
  body: string | null;
  createdAt: string;
  editedAt: string | null;
  deletedAt: string | null;
  files: RoomFile[];
  pinnedAt: string | null;
  mentions: { id: string; username: string; displayName: string }[];
  mentionsRoom: boolean;
  reactions: { emoji: string; count: number; users: { id: string; displayName: string }[] }[];
  replyTo: Quoted | null;
}

export type Quoted = Pick<RoomMessage, 'id' | 'seq' | 'author' | 'integration' | 'body' | 'createdAt' | 'deletedAt'> & {
  files: Pick<RoomFile, 'name' | 'type'>[];
};

export interface RoomFile {
  id: string;
  name: string;
  type: string;
  size: number;
  width: number | null;
  height: number | null;
  placeholder: string | null;
  url: string;
  thumbnailUrl: string | null;
}
