import { graphql } from '../gql';
import { ask } from '../request';
import { useSearch } from '../ui/useSearch';

const publicRoomsQuery = graphql(`
  query PublicRooms($search: String, $after: String) {
    publicRooms(search: $search, first: 50, after: $after) {
      nodes {
        id
        name
        topic
        memberCount
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** The public rooms of this server, searched by name. */
export function useRoomSearch() {
  return useSearch(async (search, after) => (await ask(publicRoomsQuery, { search, after })).publicRooms);
}
