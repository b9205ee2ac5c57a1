import { graphql } from '../gql';

export const signalsSubscription = graphql(`
  subscription Signals($roomId: ID!) {
    signals(roomId: $roomId) {
      bytes
      at
    }
  }
`);

export const sendSignal = graphql(`
  mutation SendSignal($roomId: ID!, $bytes: Bytes!) {
    sendSignal(roomId: $roomId, bytes: $bytes)
  }
`);
