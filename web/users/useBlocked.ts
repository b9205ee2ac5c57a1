import { shallowReactive } from 'vue';
import { graphql } from '../gql';
import type { UserPartsFragment } from '../gql/graphql';
import { act, ask } from '../request';
import { onPersonChanged } from './people';

const blockedQuery = graphql(`
  query Blocked {
    blocked {
      ...UserParts
    }
  }
`);

const blockUserMutation = graphql(`
  mutation BlockUser($userId: ID!) {
    blockUser(userId: $userId) {
      ...UserParts
    }
  }
`);

const unblockUserMutation = graphql(`
  mutation UnblockUser($userId: ID!) {
    unblockUser(userId: $userId) {
      id
    }
  }
`);

const blocked = shallowReactive(new Map<string, UserPartsFragment>());
let asked = false;

onPersonChanged(({ userId, user }) => {
  if (!blocked.has(userId)) return;
  if (user) blocked.set(userId, user);
  else blocked.delete(userId);
});

async function load() {
  for (const user of (await ask(blockedQuery, {})).blocked) blocked.set(user.id, user);
}

async function block(userId: string) {
  const user = (await act(blockUserMutation, { userId })).blockUser;
  blocked.set(user.id, user);
}

async function unblock(userId: string) {
  await act(unblockUserMutation, { userId });
  blocked.delete(userId);
}

/** Whom the viewer blocks: read once for a page, by whoever asks first. */
export function useBlocked() {
  if (!asked) {
    asked = true;
    load().catch(() => {
      asked = false;
    });
  }
  return { blocked, block, unblock };
}
