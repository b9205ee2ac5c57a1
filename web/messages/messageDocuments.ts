import { graphql } from '../gql';

export const messageParts = graphql(`
  fragment MessageParts on Message {
    id
    seq
    changedSeq
    author { ...UserParts }
    integration
    body
    createdAt
    editedAt
    deletedAt
    files { ...FileParts }
    pinnedAt
    mentions { id username displayName }
    mentionsRoom
    reactions { emoji count users { id displayName } }
    replyTo {
      id
      seq
      author { ...UserParts }
      integration
      body
      files { name type }
      createdAt
      deletedAt
    }
  }
`);

export const latestMessages = graphql(`
  query LatestMessages($roomId: ID!) {
    server { epoch }
    room(id: $roomId) {
      id
      lastSeq
      messages(last: 50) { nodes { ...MessageParts } pageInfo { hasPreviousPage } }
    }
  }
`);

export const messagesAround = graphql(`
  query MessagesAround($roomId: ID!, $id: String!) {
    room(id: $roomId) {
      id
      lastMessage { seq }
      messages(first: 50, around: $id) { nodes { ...MessageParts } pageInfo { hasPreviousPage hasNextPage } }
    }
  }
`);

export const olderMessages = graphql(`
  query OlderMessages($roomId: ID!, $before: String!) {
    room(id: $roomId) {
      id
      messages(last: 50, before: $before) { nodes { ...MessageParts } pageInfo { hasPreviousPage } }
    }
  }
`);

export const newerMessages = graphql(`
  query NewerMessages($roomId: ID!, $after: String!) {
    room(id: $roomId) {
      id
      messages(first: 50, after: $after) { nodes { ...MessageParts } pageInfo { hasNextPage } }
    }
  }
`);

graphql(`
  fragment NoticeParts on RoomEvent {
    __typename
    roomId
    seq
    at
    ... on RoomCreated { by { ...UserParts } }
    ... on RoomChanged { by { ...UserParts } name topic retentionDays retentionChanged }
    ... on MemberJoined { by { ...UserParts } user { ...UserParts } role }
    ... on MemberLeft { user { ...UserParts } }
    ... on MemberRemoved { by { ...UserParts } user { ...UserParts } }
    ... on MemberBanned { by { ...UserParts } user { ...UserParts } wasMember }
    ... on RoomEncrypted { by { ...UserParts } }
    ... on MemberUnbanned { by { ...UserParts } user { ...UserParts } }
    ... on RoleChanged { by { ...UserParts } user { ...UserParts } role }
    ... on OwnershipTransferred { by { ...UserParts } user { ...UserParts } }
    ... on MessagePinned { by { ...UserParts } message { id } }
    ... on MessageUnpinned { by { ...UserParts } message { id } }
  }
`);

export const roomLog = graphql(`
  subscription RoomLog($roomId: ID!, $after: Int, $epoch: ID) {
    roomLog(roomId: $roomId, after: $after, epoch: $epoch) {
      ...NoticeParts
      ... on Reset { epoch }
      ... on RoomDeleted { by { ...UserParts } }
      ... on MessagesExpired { upTo }
      ... on MessageSent { message { ...MessageParts } }
      ... on MessageEdited { message { ...MessageParts } }
      ... on MessageDeleted { message { ...MessageParts } }
      ... on MessagePinned { by { ...UserParts } message { ...MessageParts } }
      ... on MessageUnpinned { by { ...UserParts } message { ...MessageParts } }
      ... on ReactionsChanged { message { ...MessageParts } }
    }
  }
`);

export const sendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) { ...MessageParts }
  }
`);

export const editMessage = graphql(`
  mutation EditMessage($input: EditMessageInput!) {
    editMessage(input: $input) { ...MessageParts }
  }
`);

export const deleteMessage = graphql(`
  mutation DeleteMessage($id: ID!) {
    deleteMessage(id: $id) { ...MessageParts }
  }
`);

export const roomNotices = graphql(`
  query RoomNotices($roomId: ID!, $after: Int!, $before: Int!) {
    room(id: $roomId) {
      id
      notices(after: $after, before: $before) { ...NoticeParts }
    }
  }
`);

export const setReaction = graphql(`
  mutation SetReaction($messageId: ID!, $emoji: String!, $on: Boolean!) {
    setReaction(messageId: $messageId, emoji: $emoji, on: $on) { ...MessageParts }
  }
`);

export const pinMessage = graphql(`
  mutation PinMessage($messageId: ID!) {
    pinMessage(messageId: $messageId) { ...MessageParts }
  }
`);

export const unpinMessage = graphql(`
  mutation UnpinMessage($messageId: ID!) {
    unpinMessage(messageId: $messageId) { ...MessageParts }
  }
`);

export const roomPins = graphql(`
  query RoomPins($roomId: ID!) {
    room(id: $roomId) { id lastSeq pins { ...MessageParts } }
  }
`);

export const markRead = graphql(`
  mutation MarkRead($roomId: ID!, $seq: Int!) {
    markRead(roomId: $roomId, seq: $seq) { id }
  }
`);

export const markUnread = graphql(`
  mutation MarkUnread($roomId: ID!, $seq: Int!) {
    markUnread(roomId: $roomId, seq: $seq) { id }
  }
`);

export const roomReading = graphql(`
  query RoomReading($roomId: ID!) {
    room(id: $roomId) { id readSeq unreadCount }
  }
`);
