import { computed, ref, watch } from 'vue';
import { useRouter } from 'vue-router';
import { useViewer } from '../auth/useViewer';
import { useUserSearch } from '../users/useUserSearch';
import { joinRoom, openDirectRoom } from './roomActs';
import { roomTitle } from './roomText';
import { useRoomSearch } from './useRoomSearch';
import { type Room, useRooms } from './useRooms';

export interface Place {
  id: string;
  kind: 'room' | 'private' | 'person';
  name: string;
  note: string;
  seed: string;
  /** Makes sure that the room is there, and gives its id. */
  enter: () => Promise<string>;
}

const matches = (name: string, words: string) => name.toLocaleLowerCase().includes(words.toLocaleLowerCase());

/** Where one can go, as one types: first one's own rooms and people, then everyone and everything else here. */
export function useJump() {
  const words = ref('');
  const router = useRouter();
  const { viewer } = useViewer();
  const { rooms, groupRooms, directRooms } = useRooms();
  const publicRooms = useRoomSearch();
  const users = useUserSearch();

  watch(words, (typed) => {
    publicRooms.search.value = typed;
    users.search.value = typed;
  });

  const own = computed(() =>
    [...groupRooms.value, ...directRooms.value].map(ownPlace).filter((place) => matches(place.name, words.value)),
  );

  const otherRooms = computed<Place[]>(() =>
    publicRooms.items.value
      .filter((room) => !rooms.has(room.id))
      .map((room) => ({
        ...room,
        kind: 'room',
        note: room.topic,
        seed: '',
        enter: async () => (await joinRoom(room.id)).id,
      })),
  );

  const otherPeople = computed<Place[]>(() => {
    const known = new Set(directRooms.value.map((room) => room.directWith?.id).concat(viewer.value?.user.id));
    return users.items.value
      .filter((user) => !known.has(user.id))
      .map(({ id, displayName, username }) => {
        const enter = async () => (await openDirectRoom(id)).id;
        return { id, kind: 'person', name: displayName, note: `@${username}`, seed: id, enter };
      });
  });

  const groups = computed(() =>
    [
      { title: 'Rooms and people', places: own.value.slice(0, 8) },
      { title: 'Rooms to join', places: words.value ? otherRooms.value.slice(0, 5) : [] },
      { title: 'Everyone here', places: words.value ? otherPeople.value.slice(0, 5) : [] },
    ].filter((group) => group.places.length > 0),
  );

  async function go(place: Place) {
    await router.push({ name: 'room', params: { id: await place.enter() } });
  }

  return { words, groups, go };
}

function ownPlace(room: Room): Place {
  const enter = async () => room.id;
  const name = roomTitle(room);
  if (room.kind !== 'DIRECT')
    return { id: room.id, kind: room.kind === 'PRIVATE' ? 'private' : 'room', name, note: room.topic, seed: '', enter };
  const user = room.directWith;
  return { id: room.id, kind: 'person', name, note: user ? `@${user.username}` : '', seed: user?.id ?? '', enter };
}
