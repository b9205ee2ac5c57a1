import type { SealedNotice, SilentEvent } from '../crypto/types';
import type { MemberRole, RoomNewsSubscription } from '../gql/graphql';
import { countedAfter, type Room } from './unreadCounts';

export type RoomNews = RoomNewsSubscription['viewerLog'] | SilentEvent | SealedNotice;

/** The room as it is after the entry. An entry that the room already has in it changes nothing. */
export function roomAfter(room: Room, event: RoomNews, viewerId: string | undefined): Room {
  if (event.seq <= room.lastSeq) return room;
  return { ...countedAfter(room, event, viewerId), ...changes(room, event, viewerId), lastSeq: event.seq };
}

function changes(room: Room, event: RoomNews, viewerId: string | undefined): Partial<Room> {
  switch (event.__typename) {
    case 'RoomChanged':
      return { name: event.name, topic: event.topic, retentionDays: event.retentionDays };
    case 'MessagesExpired':
      return expiredTo(room, event.upTo);
    case 'RoomEncrypted':
      return { encryption: 'MLS', name: null, topic: '' };
    case 'MemberJoined':
      return { memberCount: room.memberCount + 1 };
    case 'MemberLeft':
    case 'MemberRemoved':
      return { memberCount: room.memberCount - 1 };
    case 'MemberBanned':
      return event.wasMember ? { memberCount: room.memberCount - 1 } : {};
    case 'RoleChanged':
      return event.user?.id === viewerId ? as(room, event.role) : {};
    case 'OwnershipTransferred':
      if (event.by?.id === viewerId) return as(room, 'MODERATOR');
      return event.user?.id === viewerId ? as(room, 'OWNER') : {};
    case 'MessageSent':
      return { lastMessage: event.message };
    case 'MessageEdited':
    case 'MessageDeleted':
      return event.message.id === room.lastMessage?.id ? { lastMessage: event.message } : {};
    default:
      return {};
  }
}

/** The room with its messages gone up to a position. */
function expiredTo({ lastMessage }: Room, upTo: number): Partial<Room> {
  return { expiredSeq: upTo, ...(lastMessage && lastMessage.seq <= upTo && { lastMessage: null }) };
}

const as = (room: Room, role: MemberRole) => ({ membership: { ...room.membership, role } });
