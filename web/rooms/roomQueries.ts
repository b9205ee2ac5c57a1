import { graphql } from '../gql';

graphql(`
  fragment RoomParts on Room {
    id
    kind
    encryption
    name
    topic
    createdAt
    memberCount
    lastSeq
    retentionDays
    expiredSeq
    readSeq
    unreadCount
    mentionCount
    countedSeq
    notify
    directWith {
      ...UserParts
    }
    membership {
      role
    }
    lastMessage {
      ...PreviewParts
    }
  }

  fragment PreviewParts on Message {
    id
    seq
    body
    files {
      name
      type
    }
    createdAt
    author {
      id
      displayName
    }
    mentions {
      id
    }
    mentionsRoom
  }
`);

export const roomsQuery = graphql(`
  query Rooms {
    viewer {
      hushedUntil
      roomsVersion
      rooms {
        ...RoomParts
      }
    }
  }
`);

export const roomQuery = graphql(`
  query RoomNow($id: ID!) {
    room(id: $id) {
      ...RoomParts
    }
  }
`);

export const viewerEventsSubscription = graphql(`
  subscription ViewerEvents($after: Int) {
    viewerEvents(after: $after) {
      __typename
      ... on RoomJoined {
        version
        room {
          ...RoomParts
        }
      }
      ... on RoomLeft {
        version
        roomId
      }
      ... on ReadMoved {
        version
        roomId
        readSeq
        unreadCount
        mentionCount
        lastSeq
      }
      ... on NotifyChanged {
        version
        roomId
        notify
      }
      ... on HushChanged {
        version
        hushedUntil
      }
      ... on RoomsChanged {
        version
      }
    }
  }
`);

export const roomNewsSubscription = graphql(`
  subscription RoomNews($after: [RoomPosition!]) {
    viewerLog(after: $after) {
      __typename
      roomId
      seq
      ... on RoomChanged {
        name
        topic
        retentionDays
      }
      ... on MessagesExpired {
        upTo
      }
      ... on MemberBanned {
        wasMember
      }
      ... on RoleChanged {
        user {
          id
        }
        role
      }
      ... on OwnershipTransferred {
        by {
          id
        }
        user {
          id
        }
      }
      ... on MessageSent {
        message {
          ...PreviewParts
        }
      }
      ... on MessageEdited {
        message {
          ...PreviewParts
        }
      }
      ... on MessageDeleted {
        message {
          ...PreviewParts
        }
      }
    }
  }
`);
