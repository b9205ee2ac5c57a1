import { graphql } from '../gql';
import { act, ask } from '../request';
import { useSearch } from '../ui/useSearch';

graphql(`
  fragment AccountParts on Account {
    user {
      ...UserParts
    }
    isAdmin
    disabledAt
    lastSeenAt
  }
`);

const accountsQuery = graphql(`
  query Accounts($search: String, $after: String) {
    accounts(search: $search, first: 50, after: $after) {
      nodes {
        ...AccountParts
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const setAdministratorMutation = graphql(`
  mutation SetAdministrator($userId: ID!, $on: Boolean!) {
    setAdministrator(userId: $userId, on: $on) {
      ...AccountParts
    }
  }
`);

const setDisabledMutation = graphql(`
  mutation SetDisabled($userId: ID!, $on: Boolean!) {
    setDisabled(userId: $userId, on: $on) {
      ...AccountParts
    }
  }
`);

const endSessionsOfMutation = graphql(`
  mutation EndSessionsOf($userId: ID!) {
    endSessionsOf(userId: $userId)
  }
`);

const createResetLinkMutation = graphql(`
  mutation CreateResetLink($userId: ID!) {
    createResetLink(userId: $userId) {
      token
      expiresAt
    }
  }
`);

const removePersonMutation = graphql(`
  mutation RemovePerson($userId: ID!, $password: String, $eraseMessages: Boolean!) {
    removePerson(userId: $userId, password: $password, eraseMessages: $eraseMessages) {
      erasedMessages
    }
  }
`);

/** Everyone on this server as administrators know them, searched by name. */
export function useAccountSearch() {
  return useSearch(async (search, after) => {
    const { nodes, pageInfo } = (await ask(accountsQuery, { search, after })).accounts;
    return { nodes: nodes.map((account) => ({ ...account, id: account.user.id })), pageInfo };
  });
}

export const setAdministrator = async (userId: string, on: boolean) =>
  (await act(setAdministratorMutation, { userId, on })).setAdministrator;
export const setDisabled = async (userId: string, on: boolean) =>
  (await act(setDisabledMutation, { userId, on })).setDisabled;
export const endSessionsOf = async (userId: string) => (await act(endSessionsOfMutation, { userId })).endSessionsOf;
export const createResetLink = async (userId: string) =>
  (await act(createResetLinkMutation, { userId })).createResetLink;
export const removePerson = (userId: string, password: string | undefined, eraseMessages: boolean) =>
  act(removePersonMutation, { userId, password, eraseMessages });
