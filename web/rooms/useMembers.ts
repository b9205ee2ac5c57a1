import { computed, type MaybeRefOrGetter, ref, shallowRef, toValue, watch } from 'vue';
import { graphql } from '../gql';
import type { MemberPartsFragment } from '../gql/graphql';
import { ask } from '../request';
import type { RoomEvent } from './roomAfter';
import { useRooms } from './useRooms';

graphql(`
  fragment MemberParts on Membership {
    role
    user {
      ...UserParts
    }
  }
`);

const membersQuery = graphql(`
  query Members($roomId: ID!, $after: String) {
    room(id: $roomId) {
      members(first: 100, after: $after) {
        nodes {
          ...MemberParts
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export type Member = MemberPartsFragment;
export type Members = ReturnType<typeof useMembers>;

/** The members of a room, a hundred at a time, kept current by the entries of its log. */
export function useMembers(roomId: MaybeRefOrGetter<string>) {
  const members = shallowRef<Member[]>([]);
  const cursor = ref<string | null>();
  const { rooms } = useRooms();
  const isMember = computed(() => rooms.has(toValue(roomId)));

  const list = computed(() => [...members.value].sort((a, b) => a.user.displayName.localeCompare(b.user.displayName)));

  async function more(id = toValue(roomId), after?: string | null) {
    const page = (await ask(membersQuery, { roomId: id, after })).room.members;
    if (id !== toValue(roomId)) return;
    members.value = after ? [...members.value, ...page.nodes] : page.nodes;
    cursor.value = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
  }

  // A stale list is not worth a word: the next entry or visit mends it.
  const reload = () => more().catch(() => {});

  function apply(event: RoomEvent) {
    if (event.__typename === 'MemberJoined' || event.__typename === 'RoleChanged' || event.__typename === 'Reset') {
      void reload();
    } else if (event.__typename === 'MemberLeft' || event.__typename === 'MemberRemoved') {
      members.value = members.value.filter((member) => member.user.id !== event.user?.id);
    }
  }

  watch(
    [() => toValue(roomId), isMember],
    () => {
      members.value = [];
      cursor.value = undefined;
      if (isMember.value) void reload();
    },
    { immediate: true },
  );

  return { list, hasMore: computed(() => Boolean(cursor.value)), more: () => more(undefined, cursor.value), apply };
}
