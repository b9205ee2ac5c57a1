import { ref, shallowRef } from 'vue';
import { graphql } from '../gql';
import type { ServerPartsFragment, StartQuery } from '../gql/graphql';
import { errorCode } from '../lib/errors';
import { ask } from '../request';
import { stored } from '../ui/stored';
import { useViewer } from './useViewer';

graphql(`
  fragment ServerParts on Server {
    name
    runBy
    registration
    registrationIsFixed
    needsSetup
    version
    fileLimit
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

const KEPT = 'start';
const server = shallowRef<ServerPartsFragment>();
const failed = ref(false);
let started: Promise<boolean> | undefined;

async function load() {
  try {
    enter(await ask(startQuery, {}));
    return true;
  } catch (error) {
    return comeBack(errorCode(error));
  }
}

function enter({ server: place, viewer }: StartQuery) {
  server.value = place;
  useViewer().enter(viewer ?? null);
  stored.set(KEPT, viewer ? JSON.stringify({ server: place, viewer }) : null);
}

/** Without the server, whoever was inside here before is let in to what this browser has kept. */
function comeBack(code?: string) {
  const kept = code === 'NETWORK' || code === 'UNAVAILABLE' ? stored.get(KEPT) : null;
  if (kept) enter(JSON.parse(kept));
  failed.value = !kept;
  return Boolean(kept);
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
