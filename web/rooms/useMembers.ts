import { computed, type MaybeRefOrGetter, onScopeDispose, ref, shallowRef, toValue, watch } from 'vue';
import type { SealedEvent } from '../crypto/types';
import { graphql } from '../gql';
import type { MemberPartsFragment } from '../gql/graphql';
import { ask } from '../request';
import { onPersonChanged } from '../users/people';
import { personNow } from '../users/personNow';
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
      lastSeq
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
  let seq = 0;
  const isMember = computed(() => rooms.has(toValue(roomId)));

  const list = computed(() => [...members.value].sort((a, b) => a.user.displayName.localeCompare(b.user.displayName)));

  async function more(id = toValue(roomId), after?: string | null) {
    const { room } = await ask(membersQuery, { roomId: id, after });
    if (id !== toValue(roomId)) return;
    const { nodes, pageInfo } = room.members;
    members.value = after ? [...members.value, ...nodes] : nodes;
    cursor.value = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
    seq = room.lastSeq;
  }

  // A stale list is not worth a word: the next visit mends it.
  const reload = () => void more().catch(() => {});

  function apply(event: SealedEvent) {
    if (event.__typename === 'Reset') return reload();
    if (event.seq <= seq) return;
    seq = event.seq;
    members.value = membersAfter(members.value, event);
  }

  const stop = onPersonChanged((news) => {
    members.value = members.value.map((member) => ({ ...member, user: personNow(member.user, news) ?? member.user }));
  });
  onScopeDispose(stop);

  watch(
    [() => toValue(roomId), isMember],
    () => {
      members.value = [];
      cursor.value = undefined;
      if (isMember.value) reload();
    },
    { immediate: true },
  );

  return { list, hasMore: computed(() => Boolean(cursor.value)), more: () => more(undefined, cursor.value), apply };
}

function membersAfter(members: Member[], event: SealedEvent): Member[] {
  if (event.__typename === 'EncryptionNotice' || !('user' in event) || !event.user) return members;
  const { user } = event;
  const others = members.filter((member) => member.user.id !== user.id);
  if (event.__typename === 'OwnershipTransferred')
    return [...others.map(steppedDown(event.by?.id)), { user, role: 'OWNER' }];
  return 'role' in event ? [...others, { user, role: event.role }] : others;
}

const steppedDown =
  (id: string | undefined) =>
  (member: Member): Member =>
    member.user.id === id ? { ...member, role: 'MODERATOR' } : member;
