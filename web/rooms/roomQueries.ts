import { graphql } from '../gql';

graphql(`
  fragment RoomParts on Room {
    id
    kind
    name
    topic
    createdAt
    memberCount
    lastSeq
    directWith {
      ...UserParts
    }
    membership {
      role
    }
    lastMessage {
      id
      seq
      body
      createdAt
      author {
        id
        displayName
      }
    }
  }
`);

export const roomsQuery = graphql(`
  query Rooms {
    viewer {
      roomsVersion
      rooms {
        ...RoomParts
      }
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
      ... on RoomsChanged {
        version
      }
    }
  }
`);
