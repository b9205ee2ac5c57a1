import { graphql } from '../gql';

export const typingSubscription = graphql(`
  subscription Typing($roomId: ID!) {
    typing(roomId: $roomId) {
      at
      user { ...UserParts }
    }
  }
`);

export const setTyping = graphql(`
  mutation SetTyping($roomId: ID!) {
    setTyping(roomId: $roomId)
  }
`);
