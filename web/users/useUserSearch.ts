import { graphql } from '../gql';
import { ask } from '../request';
import { useSearch } from '../ui/useSearch';

graphql(`
  fragment UserParts on User {
    id
    username
    displayName
    colour
  }
`);

const usersQuery = graphql(`
  query Users($search: String, $after: String) {
    users(search: $search, first: 50, after: $after) {
      nodes {
        ...UserParts
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** Everyone on this server, searched by name. */
export function useUserSearch() {
  return useSearch(async (search, after) => (await ask(usersQuery, { search, after })).users);
}
