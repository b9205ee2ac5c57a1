import { ref, shallowRef, watch } from 'vue';
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
const { viewer, enter } = useViewer();
let started: Promise<boolean> | undefined;

// Whoever signs in later than the page was loaded comes back without the server, too.
watch([server, viewer], ([place, person]) => {
  if (place) stored.set(KEPT, person && JSON.stringify({ server: place, viewer: person }));
});

async function load() {
  try {
    begin(await ask(startQuery, {}));
    return true;
  } catch (error) {
    return comeBack(errorCode(error));
  }
}

function begin({ server: place, viewer: person }: StartQuery) {
  server.value = place;
  enter(person ?? null);
}

/** Without the server, whoever was inside here before is let in to what this browser has kept. */
function comeBack(code?: string) {
  const kept = code === 'NETWORK' || code === 'UNAVAILABLE' ? stored.get(KEPT) : null;
  if (kept) begin(JSON.parse(kept));
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
