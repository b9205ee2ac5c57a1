import { shallowRef } from 'vue';
import { graphql } from '../gql';
import type { LogInInput, RegisterInput, SetUpInput, ViewerPartsFragment } from '../gql/graphql';
import { act } from '../request';

graphql(`
  fragment ViewerParts on Viewer {
    id
    email
    isAdmin
    user {
      ...UserParts
    }
  }
`);

const logInMutation = graphql(`
  mutation LogIn($input: LogInInput!) {
    logIn(input: $input) {
      viewer {
        ...ViewerParts
      }
    }
  }
`);

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

const logOutMutation = graphql(`
  mutation LogOut {
    logOut
  }
`);

const viewer = shallowRef<ViewerPartsFragment | null>(null);

async function logIn(input: LogInInput) {
  viewer.value = (await act(logInMutation, { input })).logIn.viewer;
}

async function register(input: RegisterInput) {
  viewer.value = (await act(registerMutation, { input })).register.viewer;
}

async function setUp(input: SetUpInput) {
  viewer.value = (await act(setUpMutation, { input })).setUp.viewer;
}

/** Leaves by a page load, so that nothing of the person stays in memory. */
async function logOut() {
  await act(logOutMutation, {});
  location.assign('/login');
}

export function useViewer() {
  return { viewer, logIn, register, setUp, logOut };
}
