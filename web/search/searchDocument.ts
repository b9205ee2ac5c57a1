import { graphql } from '../gql';

export const searchMessages = graphql(`
  query SearchMessages($text: String!, $roomId: ID, $after: String) {
    search(text: $text, roomId: $roomId, first: 20, after: $after) {
      nodes {
        message {
          id
          roomId
          body
          createdAt
          author { ...UserParts }
          integration
          files { name type }
        }
        excerpt { text isMatch }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
