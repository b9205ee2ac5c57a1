import { shallowRef } from 'vue';
import { graphql } from '../gql';
import type { LogInInput, ViewerPartsFragment } from '../gql/graphql';
import { onSignedOut } from '../lib/session';
import { act, remembered } from '../request';
import { stored } from '../ui/stored';

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

const logOutMutation = graphql(`
  mutation LogOut {
    logOut(forgetDevice: true)
  }
`);

const viewer = shallowRef<ViewerPartsFragment | null>(null);

function enter(person: ViewerPartsFragment | null) {
  viewer.value = person;
  remembered.set(person !== null);
}

async function logIn(input: LogInInput) {
  enter((await act(logInMutation, { input })).logIn.viewer);
}

/** Leaves by a page load, so that nothing of the person stays in memory. */
function leave(path: string) {
  remembered.set(false);
  for (const name of ['start', `rooms ${viewer.value?.id}`]) stored.set(name, null);
  location.assign(path);
}

async function logOut() {
  await act(logOutMutation, {});
  if (viewer.value) await (await import('../lib/forget')).forgetPerson(viewer.value.user.id);
  leave('/login');
}

// The session was ended elsewhere.
onSignedOut(async () => {
  if (!viewer.value) return;
  await (await import('../lib/forget')).forgetRooms(viewer.value.user.id);
  leave(`/login?next=${encodeURIComponent(location.pathname)}`);
});

export function useViewer() {
  return { viewer, enter, logIn, logOut };
}
