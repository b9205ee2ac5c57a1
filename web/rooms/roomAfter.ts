import type { MemberRole, RoomPartsFragment } from '../gql/graphql';

type Room = RoomPartsFragment;
type Message = NonNullable<Room['lastMessage']>;
type Person = { id: string } | null;

/** What the rooms need to know of an entry of a room's log. */
export type RoomEvent = { roomId: string; seq: number } & (
  | { __typename: 'RoomChanged'; name?: string | null; topic: string }
  | { __typename: 'MemberJoined' | 'RoleChanged'; user?: Person; role: MemberRole }
  | { __typename: 'MemberLeft' | 'MemberRemoved'; user?: Person }
  | { __typename: 'MessageSent' | 'MessageEdited' | 'MessageDeleted'; message: Message }
  | { __typename: 'RoomCreated' | 'RoomDeleted' | 'Reset' }
);

/** The room as it is after the entry. An entry that the room already has in it changes nothing. */
export function roomAfter(room: Room, event: RoomEvent, viewerId: string | undefined): Room {
  if (event.seq <= room.lastSeq) return room;
  return { ...room, ...changes(room, event, viewerId), lastSeq: event.seq };
}

function changes(room: Room, event: RoomEvent, viewerId: string | undefined): Partial<Room> {
  switch (event.__typename) {
    case 'RoomChanged':
      return { name: event.name, topic: event.topic };
    case 'MemberJoined':
      return { memberCount: room.memberCount + 1 };
    case 'MemberLeft':
    case 'MemberRemoved':
      return { memberCount: room.memberCount - 1 };
    case 'RoleChanged':
      return event.user?.id === viewerId ? { membership: { ...room.membership, role: event.role } } : {};
    case 'MessageSent':
      return { lastMessage: event.message };
    case 'MessageEdited':
    case 'MessageDeleted':
      return event.message.id === room.lastMessage?.id ? { lastMessage: event.message } : {};
    default:
      return {};
  }
}
