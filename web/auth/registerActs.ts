import { graphql } from '../gql';
import type { RegisterInput, SetUpInput } from '../gql/graphql';
import { act } from '../request';
import { useViewer } from './useViewer';

const registerMutation = graphql(`
  mutation Register($input: RegisterInput!) {
    register(input: $input) {
      viewer {
        ...ViewerParts
      }
    }
  }
`);

const setUpMutation = graphql(`
  mutation SetUp($input: SetUpInput!) {
    setUp(input: $input) {
      viewer {
        ...ViewerParts
      }
    }
  }
`);

const { enter } = useViewer();

/** Makes an account, and is signed in with it. */
export async function register(input: RegisterInput) {
  enter((await act(registerMutation, { input })).register.viewer);
}

/** Makes the first account, which runs the server, and is signed in with it. */
export async function setUp(input: SetUpInput) {
  enter((await act(setUpMutation, { input })).setUp.viewer);
}
