import { ref, shallowRef } from 'vue';
import { graphql } from '../gql';
import type { ServerPartsFragment } from '../gql/graphql';
import { ask } from '../request';
import { useViewer } from './useViewer';

graphql(`
  fragment ServerParts on Server {
    name
    registration
    needsSetup
    version
  }
`);

const startQuery = graphql(`
  query Start {
    server {
      ...ServerParts
    }
    viewer {
      ...ViewerParts
    }
  }
`);

const server = shallowRef<ServerPartsFragment>();
const failed = ref(false);
let started: Promise<boolean> | undefined;

async function load() {
  try {
    const data = await ask(startQuery, {});
    server.value = data.server;
    useViewer().enter(data.viewer ?? null);
    return true;
  } catch {
    failed.value = true;
    return false;
  }
}

/** What this server is and who is signed in: asked once, before the first page. */
export function start() {
  started ??= load();
  return started;
}

/** Asks again, after the server itself has changed. */
export function restart() {
  started = load();
  return started;
}

export function useStart() {
  return { server, failed };
}
