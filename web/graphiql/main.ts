import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

const welcome = `# Requests carry the cookies of this browser: sign in to shh first, in another tab.
# Everything is described at /docs/api.
# Ctrl Space completes, Ctrl Enter runs. Subscriptions work too.

query Rooms {
  viewer {
    user {
      displayName
    }
    rooms {
      id
      name
      lastSeq
    }
  }
}

subscription Follow($roomId: ID!) {
  roomLog(roomId: $roomId) {
    __typename
    seq
    ... on MessageSent {
      message {
        author {
          displayName
        }
        body
      }
    }
  }
}
`;

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  wsClient: createClient({ url: `${location.origin.replace(/^http/, 'ws')}/graphql` }),
});

const root = document.getElementById('graphiql');
if (root) createRoot(root).render(createElement(GraphiQL, { fetcher, defaultQuery: welcome }));
