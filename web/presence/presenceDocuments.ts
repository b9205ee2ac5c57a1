import { graphql } from '../gql';

export const presenceSubscription = graphql(`
  subscription Presence {
    presence {
      isComplete
      here
      gone
    }
  }
`);
